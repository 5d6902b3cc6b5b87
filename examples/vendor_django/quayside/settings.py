"""The product's settings, from the environment."""

from __future__ import annotations

import os

SECRET_KEY = os.environ["QUAYSIDE_SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "quayside.urls"
INSTALLED_APPS = ["django.contrib.staticfiles", "quayside"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "quayside.middleware.content_policy",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["QUAYSIDE_DATABASE"],
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
DEBUG = True  # runserver hands out static files only then
USE_TZ = True

# AllianceKit: where the service is, the key of your tenant, and the secret that signs its webhooks.
ALLIANCE_URL = os.environ["QUAYSIDE_ALLIANCE_URL"]
ALLIANCE_KEY = os.environ["QUAYSIDE_ALLIANCE_KEY"]
ALLIANCE_WEBHOOK_SECRET = os.environ["QUAYSIDE_ALLIANCE_WEBHOOK_SECRET"]
