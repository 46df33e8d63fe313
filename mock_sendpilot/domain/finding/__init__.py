"""Finding people: searches of the lead database, and extractions from LinkedIn."""
