"""Django's settings, read from the environment; nothing is written and no server is started here.

Two connections go to one database: `default` is the application role, which owns nothing and sees
no row without a tenant; `owner` runs migrations. Without RATABLE_DATABASE_URL both are roles of
the embedded PostgreSQL in RATABLE_HOME.
"""

from __future__ import annotations

import os
from ipaddress import ip_network

from ratable import __version__
from ratable_server.store import places

SECRET_KEY = places.secret_key()
DEBUG = os.environ.get("RATABLE_DEBUG", "") == "1"
ALLOWED_HOSTS = [host for host in os.environ.get("RATABLE_ALLOWED_HOSTS", "localhost,127.0.0.1").split(",") if host]

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "ratable_server.store",
]
MIDDLEWARE = [
    "ratable_server.api.zuora.headers.tell_zuora_headers",
    "ratable_server.api.request_ids.tell_request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ratable_server.api.slashes.take_either_slash",
    "django.middleware.common.CommonMiddleware",
]
APPEND_SLASH = False  # a redirect would lose the body of a POST
ROOT_URLCONF = "ratable_server.config.urls"
WSGI_APPLICATION = "ratable_server.config.wsgi.application"

DATABASES = places.databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False
LANGUAGE_CODE = "en"

TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # static files are served from the packages that bring them; nothing is collected

DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # of a body that is no file
MOST_IMPORT_BYTES = int(
    os.environ.get("RATABLE_MOST_IMPORT_BYTES", str(2**31))
)  # of a file of usage, as it is unpacked
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000

REQUESTS_PER_MINUTE = int(os.environ.get("RATABLE_REQUESTS_PER_MINUTE", "30000"))  # of one token's name; 0: any
CONCURRENT_REQUESTS = int(os.environ.get("RATABLE_CONCURRENT_REQUESTS", "200"))  # of one tenant at once; 0: any
TOKEN_REQUESTS_PER_MINUTE = int(os.environ.get("RATABLE_TOKEN_REQUESTS_PER_MINUTE", "1000"))  # of one address; 0: any

LOGGING = {  # of requests that wait for a thread one line in ten seconds
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"waiting": {"()": "ratable_server.config.logs.waiting_requests"}},
    "loggers": {"waitress.queue": {"filters": ["waiting"]}},
}

BACKGROUND_WORK = {  # what a worker does, and how many seconds later again at the earliest
    "ratable_server.api.campfire.deliveries.deliver_due_events": 0,
    "ratable_server.api.zuora.importing.import_waiting_files": 0,
    "ratable_server.api.forgetting.forget_what_expired": 0,
    "ratable_server.api.campfire.renewing.renew_subscriptions": 3_600,
}
WEBHOOK_NETWORKS = [  # that webhooks may reach although they are not everybody's
    ip_network(said.strip()) for said in os.environ.get("RATABLE_WEBHOOK_NETWORKS", "").split(",") if said.strip()
]

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],  # `api.views.View` has its own; a view without them lets nobody in
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": [
        "ratable_server.api.parsers.ExactJsonParser",
        "ratable_server.api.parsers.PlainFormParser",
        "ratable_server.api.parsers.PlainMultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["ratable_server.api.renderers.ExactJsonRenderer"],
    "DEFAULT_SCHEMA_CLASS": "ratable_server.api.reference.OperationSchema",
    "EXCEPTION_HANDLER": "ratable_server.api.answering.answer_exception",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": False,
    "URL_FORMAT_OVERRIDE": None,
}
API_ROUTES = {  # each API has an OpenAPI document of its own
    "campfire": "ratable_server.api.campfire.routes",
    "native": "ratable_server.api.native.routes",
    "zuora": "ratable_server.api.zuora.routes",
}
API_ANSWERS = {  # who answers where no view does: by the beginning of the path
    "/api/v1/": "ratable_server.api.native.problems.bare_answer",
    "/v1/": "ratable_server.api.zuora.problems.bare_answer",
    "/oauth/": "ratable_server.api.zuora.problems.bare_answer",
}
REST_KNOX = {"AUTH_TOKEN_CHARACTER_LENGTH": 64, "TOKEN_TTL": None}
SPECTACULAR_SETTINGS = {
    "TITLE": "Ratable",
    "DESCRIPTION": "Usage in, recognized revenue out.",
    "VERSION": __version__,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "PATH_CONVERTER_OVERRIDES": {"id": int},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        f"{name}Enum": f"ratable_server.api.campfire.schemas.{place}"
        for name, place in {
            "AccountCashflowClassification": "accounts.CASHFLOWS",
            "AccountSubtype": "accounts.ACCOUNT_SUBTYPES",
            "AccountType": "accounts.ACCOUNT_TYPES",
            "ApplicationStatus": "credit_memos.APPLICATION_STATUSES",
            "CreditMemoType": "credit_memos.CREDIT_MEMO_TYPES",
            "AccountingInvoiceJournalEntryType": "invoices.ENTRY_TYPES",
            "PaymentStatusCdc": "invoices.PAYMENT_STATUSES",
            "PaymentType": "invoice_payments.PAYMENT_TYPES",
            "Source24d": "invoice_payments.SOURCES",
            "BillingFrequency": "contracts.BILLING_FREQUENCIES",
            "ContractStatus": "contracts.STATUSES",
            "SourceFc1": "contracts.SOURCES",
            "ContractPrepaidCommitStatus": "prepaid_commits.STATUSES",
            "PricingModel": "products.PRICING_MODELS",
            "ComponentType": "products.COMPONENT_TYPES",
            "RenewalBehavior": "subscriptions.RENEWALS",
            "ProrationMethod": "subscriptions.PRORATIONS",
            "InvoiceCalculation": "subscriptions.CALCULATIONS",
            "Source3b3": "customers.SOURCES",
            "Status372": "customers.STATUSES",
            "Terms": "customers.TERMS",
            "TypeF19": "journal_entries.TYPES",
            "VendorType391": "customers.VENDOR_TYPES",
        }.items()
    }
    | {
        "RunStatusEnum": "ratable_server.api.native.schemas.closing.RUN_STATUSES",
        "ImportStatusEnum": "ratable_server.api.native.schemas.imports.IMPORT_STATUSES",
        "PeriodStatusEnum": "ratable_server.api.native.schemas.closing.PERIOD_STATUSES",
    }
    | {
        "AccountingPeriodStatusEnum": "ratable_server.api.zuora.schemas.accounting_periods.PERIOD_STATUSES",
        "FileStatusEnum": "ratable_server.api.zuora.schemas.imports.STATUSES",
        "RbeStatusEnum": "ratable_server.api.zuora.schemas.usage.RBE_STATUSES",
        "SourceTypeEnum": "ratable_server.api.zuora.schemas.usage.SOURCE_TYPES",
    },
}

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
