"""A page as a test reads it: its elements, its text and its forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"meta", "link", "input", "img", "br", "path", "circle", "rect", "line", "wbr"})
COLORS = ({"class": "key"}, {"class": "text"}, {"class": "value"})


@dataclass
class Element:
    """An element, with the names and values of its attributes, and its own text."""

    tag: str
    attributes: dict[str, str]
    text: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    controls: list["Element"] = field(default_factory=list)

    @property
    def sent_fields(self) -> dict[str, str]:
        """The fields that a browser sends: of several controls of one name, the last."""
        chosen = [
            one
            for one in self.controls
            if one.attributes.get("type") != "checkbox" or "checked" in one.attributes
        ]
        return {one.attributes["name"]: one.attributes.get("value", "") for one in chosen}


class Document(HTMLParser):
    """The elements of a page, in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if "name" in element.attributes:
            for form in self._open:
                if form.tag == "form":
                    form.controls.append(element)
                    form.fields[element.attributes["name"]] = element.attributes.get("value", "")
        if tag == "option" and "selected" in element.attributes:
            lists = [one for one in self._open if one.tag == "select"]
            lists[-1].attributes["value"] = element.attributes.get("value", "")
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text.append(data)

    @property
    def text(self) -> str:
        """The text of the page, with single spaces."""
        return " ".join("".join(self.all("body")[0].text).split())

    @property
    def structure(self) -> list[tuple[str, tuple[str, ...]]]:
        """Each element's tag and the names of its attributes.

        Colors of JSON and places for line breaks depend on the text, and are left out.
        """
        return [
            (one.tag, tuple(one.attributes))
            for one in self.elements
            if one.tag != "wbr" and not (one.tag == "span" and one.attributes in COLORS)
        ]

    def all(self, tag: str) -> list[Element]:
        """The elements of a tag."""
        return [one for one in self.elements if one.tag == tag]

    def field(self, name: str) -> str:
        """The value of the first field of that name."""
        return next(
            one.attributes.get("value", "")
            for one in self.elements
            if one.attributes.get("name") == name
        )

    @property
    def calls(self) -> list[str]:
        """The requests that the forms of the page make."""
        return [form.fields["call"] for form in self.all("form") if "call" in form.fields]

    def live(self, name: str) -> str:
        """The text of a fragment."""
        (found,) = [one for one in self.elements if one.attributes.get("data-live") == name]
        return " ".join("".join(found.text).split())
