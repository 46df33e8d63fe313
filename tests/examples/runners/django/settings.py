from pathlib import Path

SECRET_KEY = "only-for-this-example"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["leads"]
ROOT_URLCONF = "leads.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FOLDER = Path(__file__).parent
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "leads.sqlite3",
        "TEST": {"NAME": FOLDER / "test.sqlite3"},  # a file, which all threads can open
    }
}
SENDPILOT_BASE_URL = "https://api.sendpilot.ai/v1"
SENDPILOT_API_KEY = ""
SENDPILOT_WEBHOOK_SECRET = ""
