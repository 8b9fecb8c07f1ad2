"""All tables that Django can say."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import ratable_server.store.fields
import ratable_server.store.models.audit
from ratable_server.store.at_once import AtOnce


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="UsageKey",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "tenant_id", "event_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("event_id", ratable_server.store.fields.CodeField()),
                ("content_hash", models.BinaryField()),
                ("record_id", models.BigIntegerField()),
                ("month_on", ratable_server.store.fields.MonthField()),
            ],
            options={
                "db_table": "usage_key",
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_id", ratable_server.store.fields.CodeField()),
                ("stream", ratable_server.store.fields.CodeField()),
                ("used_at", models.DateTimeField(blank=True, null=True)),
                ("used_on", models.DateField()),
                ("month_on", ratable_server.store.fields.MonthField()),
                (
                    "quantity",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "amount",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                ("currency", ratable_server.store.fields.CurrencyField(blank=True, default="")),
                ("dimensions", models.JSONField(blank=True, null=True)),
                ("row", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("open_on", ratable_server.store.fields.MonthField()),
            ],
            options={
                "db_table": "usage_record",
                "abstract": False,
                "managed": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("recorded_at", models.DateTimeField()),
                ("actor", models.TextField()),
                ("request_id", models.TextField()),
                ("action", models.TextField()),
                ("subject_kind", models.TextField()),
                ("subject_code", models.TextField()),
                ("before", models.JSONField(blank=True, null=True)),
                ("after", models.JSONField(blank=True, null=True)),
                (
                    "transaction_id",
                    models.BigIntegerField(db_default=ratable_server.store.models.audit.CurrentTransaction()),
                ),
                ("cluster", models.TextField(db_default=ratable_server.store.models.audit.CurrentCluster())),
            ],
            options={
                "db_table": "audit_entry",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Customer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("name", models.TextField()),
            ],
            options={
                "db_table": "customer",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Period",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month_on", ratable_server.store.fields.MonthField()),
                ("status", models.TextField(default="open")),
            ],
            options={
                "db_table": "period",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PolicyVersion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("rounding", models.TextField()),
                ("residue", models.TextField()),
                ("breakage", models.TextField()),
                ("late_usage", models.TextField()),
                ("cascade", models.BooleanField()),
                ("minimum_partial_month", models.TextField()),
                ("zero_usage_flat_fee", models.BooleanField()),
                ("proration", models.TextField()),
            ],
            options={
                "db_table": "policy_version",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Product",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("name", models.TextField()),
                ("currency", ratable_server.store.fields.CurrencyField(blank=True, default="")),
            ],
            options={
                "db_table": "product",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tenant",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField(unique=True)),
                ("name", models.TextField()),
                ("timezone", models.TextField(default="UTC")),
                ("two_person_close", models.BooleanField(default=False)),
                ("fact_number", models.BigIntegerField(default=0)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "db_table": "tenant",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("name", models.TextField(blank=True, default="")),
                ("currency", ratable_server.store.fields.CurrencyField()),
                ("starts_on", models.DateField()),
                ("ends_before", models.DateField(blank=True, null=True)),
                (
                    "minimum_monthly_commitment_amount",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "minimum_monthly_commitment_quantity",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                ("opening_as_of", models.DateField(blank=True, null=True)),
                (
                    "customer",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.customer",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "contract",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Milestone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("place", models.IntegerField(default=0)),
                ("on", models.DateField()),
                ("amount", ratable_server.store.fields.ExactField(decimal_places=12, max_digits=38)),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.product",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "milestone",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PrepaidCommit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("place", models.IntegerField(default=0)),
                ("name", models.TextField(blank=True, default="")),
                ("currency", ratable_server.store.fields.CurrencyField(blank=True, default="")),
                ("total_value", ratable_server.store.fields.ExactField(decimal_places=12, max_digits=38)),
                (
                    "discount_percentage",
                    ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "rate",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                ("starts_on", models.DateField()),
                ("ends_before", models.DateField(blank=True, null=True)),
                ("priority", models.IntegerField(default=1)),
                (
                    "expected_breakage_percentage",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.product",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "prepaid_commit",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.TextField(default="draft")),
                ("calculation_version", models.TextField()),
                ("facts_through", models.BigIntegerField()),
                ("input_hash", models.TextField(blank=True, default="")),
                ("counts", models.JSONField(default=dict)),
                ("started_at", models.DateTimeField()),
                ("started_by", models.TextField()),
                ("request_id", models.TextField()),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("failure", models.TextField(blank=True, default="")),
                (
                    "period",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.period",
                    ),
                ),
                (
                    "policy_version",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.policyversion",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "run",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="PeriodClose",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("closed_at", models.DateTimeField()),
                ("closed_by", models.TextField()),
                ("request_id", models.TextField()),
                ("journal_hash", models.TextField()),
                ("totals", models.JSONField()),
                (
                    "period",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.period",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "period_close",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry_code", ratable_server.store.fields.CodeField()),
                ("contract_id", models.TextField()),
                ("currency", ratable_server.store.fields.CurrencyField()),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                ("on", models.DateField()),
                ("place", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("line_count", models.IntegerField()),
                ("total_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "journal_entry",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftJournalEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry_code", ratable_server.store.fields.CodeField()),
                ("contract_id", models.TextField()),
                ("currency", ratable_server.store.fields.CurrencyField()),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                ("on", models.DateField()),
                ("place", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("line_count", models.IntegerField()),
                ("total_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_journal_entry",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Subscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("place", models.IntegerField(default=0)),
                ("total_value", ratable_server.store.fields.ExactField(decimal_places=12, max_digits=38)),
                ("starts_on", models.DateField()),
                ("ends_before", models.DateField()),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.product",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "subscription",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RevenueTransaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "revenue_transaction",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Reference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("dialect", models.TextField()),
                ("kind", models.TextField()),
                ("their_id", models.TextField()),
                ("our_kind", models.TextField()),
                ("our_id", models.TextField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "reference",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RatedLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("month_on", ratable_server.store.fields.MonthField()),
                ("tier", models.BigIntegerField()),
                ("quantity_e12", ratable_server.store.fields.WholeField(decimal_places=0, max_digits=38)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "rated_line",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="ProductBundle",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("name", models.TextField(blank=True, default="")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "product_bundle",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="product",
            name="tenant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="store.tenant",
            ),
        ),
        migrations.AddField(
            model_name="policyversion",
            name="tenant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="store.tenant",
            ),
        ),
        migrations.CreateModel(
            name="PeriodReopening",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.TextField()),
                ("reopened_at", models.DateTimeField()),
                ("reopened_by", models.TextField()),
                ("request_id", models.TextField()),
                (
                    "close",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.periodclose",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "period_reopening",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="period",
            name="tenant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="store.tenant",
            ),
        ),
        migrations.CreateModel(
            name="OpeningBalance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.IntegerField()),
                ("account", models.TextField()),
                ("amount", ratable_server.store.fields.ExactField(decimal_places=12, max_digits=38)),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "milestone",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.milestone",
                    ),
                ),
                (
                    "prepaid_commit",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.prepaidcommit",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.subscription",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "opening_balance",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Member",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("email", models.TextField()),
                ("role", models.TextField()),
                ("is_active", models.BooleanField(default=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "member",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="JournalLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.TextField()),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("debit_minor", models.BigIntegerField(default=0)),
                ("credit_minor", models.BigIntegerField(default=0)),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.journalentry",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "journal_line",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.TextField()),
                ("route", models.TextField()),
                ("body_sha256", models.TextField()),
                ("status", models.IntegerField()),
                ("body", models.JSONField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "idempotency_key",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Draw",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("gross_minor", models.BigIntegerField()),
                ("net_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draw",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftRevenueTransaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_revenue_transaction",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftRatedLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("month_on", ratable_server.store.fields.MonthField()),
                ("tier", models.BigIntegerField()),
                ("quantity_e12", ratable_server.store.fields.WholeField(decimal_places=0, max_digits=38)),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_rated_line",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftJournalLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account", models.TextField()),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("debit_minor", models.BigIntegerField(default=0)),
                ("credit_minor", models.BigIntegerField(default=0)),
                (
                    "entry",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.draftjournalentry",
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_journal_line",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftDraw",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("gross_minor", models.BigIntegerField()),
                ("net_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_draw",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftDemand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("month_on", ratable_server.store.fields.MonthField()),
                ("used_on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("gross_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_demand",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftBreakage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("booked_on", models.DateField()),
                ("on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_breakage",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftAppliedMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry_id", models.TextField()),
                ("contract_id", models.TextField(blank=True, default="")),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("account", models.TextField()),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("service_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("on", models.DateField()),
                ("place", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("debit_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_applied_move",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="DraftAllocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "draft_allocation",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Document",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("code", ratable_server.store.fields.CodeField()),
                ("kind", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("against", models.TextField(blank=True, default="")),
                ("service_on", ratable_server.store.fields.MonthField(blank=True, null=True)),
                ("on", models.DateField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "milestone",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.milestone",
                    ),
                ),
                (
                    "prepaid_commit",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.prepaidcommit",
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.subscription",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "document",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Demand",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("month_on", ratable_server.store.fields.MonthField()),
                ("used_on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("gross_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "demand",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="customer",
            name="tenant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="store.tenant",
            ),
        ),
        migrations.CreateModel(
            name="BundleLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("place", models.IntegerField()),
                (
                    "percentage",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "standalone_price",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.product",
                    ),
                ),
                (
                    "bundle",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.productbundle",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "bundle_line",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="BreakageEstimate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("percentage", ratable_server.store.fields.ExactField(decimal_places=12, max_digits=38)),
                ("booked_on", ratable_server.store.fields.MonthField()),
                (
                    "commit",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.prepaidcommit",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "breakage_estimate",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Breakage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("booked_on", models.DateField()),
                ("on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "breakage",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.BigIntegerField()),
                ("previous_hash", models.TextField()),
                ("hash", models.TextField()),
                ("sealed_at", models.DateTimeField()),
                (
                    "audit_entry",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.auditentry",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "audit_seal",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            model_name="auditentry",
            name="tenant",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="store.tenant",
            ),
        ),
        migrations.CreateModel(
            name="AppliedMove",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("entry_id", models.TextField()),
                ("contract_id", models.TextField(blank=True, default="")),
                ("source_kind", models.TextField()),
                ("source_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("account", models.TextField()),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("service_on", models.DateField()),
                ("booked_on", models.DateField()),
                ("on", models.DateField()),
                ("place", models.BigIntegerField()),
                ("number", models.BigIntegerField()),
                ("debit_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "applied_move",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Allocation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("contract_id", models.TextField(blank=True, default="")),
                ("item_id", models.TextField(blank=True, default="")),
                ("product_id", models.TextField(blank=True, default="")),
                ("commit_id", models.TextField(blank=True, default="")),
                ("kind", models.TextField()),
                ("service_on", models.DateField()),
                ("adjusted_on", models.DateField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "run",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.run",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "allocation",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Adjustment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("code", ratable_server.store.fields.CodeField()),
                ("service_on", ratable_server.store.fields.MonthField()),
                ("used_on", models.DateField()),
                ("on", models.DateField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                ("amount_minor", models.BigIntegerField()),
                (
                    "commit",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.prepaidcommit",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "adjustment",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Termination",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("on", models.DateField()),
                ("refund_minor", models.BigIntegerField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                ("released_on", models.DateField()),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "termination",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="TopUp",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("amount_minor", models.BigIntegerField()),
                ("booked_on", ratable_server.store.fields.MonthField()),
                (
                    "commit",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.prepaidcommit",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "top_up",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("pricing_model", models.TextField()),
                ("unit_of_measure", models.TextField(blank=True, default="")),
                (
                    "package_size",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                ("free_units", ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38)),
                ("currency", ratable_server.store.fields.CurrencyField(blank=True, default="")),
                ("place", models.IntegerField(default=0)),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.product",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "usage_group",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="TierPriceOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("tier_number", models.IntegerField()),
                (
                    "price",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "percentage",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
                (
                    "usage_group",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.usagegroup",
                    ),
                ),
            ],
            options={
                "db_table": "tier_price_override",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Tier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.IntegerField()),
                (
                    "lower_quantity",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "upper_quantity",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "price",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                (
                    "percentage",
                    ratable_server.store.fields.ExactField(blank=True, decimal_places=12, max_digits=38, null=True),
                ),
                ("flat_fee", ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
                (
                    "usage_group",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.usagegroup",
                    ),
                ),
            ],
            options={
                "db_table": "tier",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("number", models.BigIntegerField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("status", models.TextField(default="pending")),
                ("file_name", models.TextField(blank=True, default="")),
                ("sha256", models.TextField(blank=True, default="")),
                ("is_partial", models.BooleanField(default=False)),
                ("rows_received", models.BigIntegerField(default=0)),
                ("rows_accepted", models.BigIntegerField(default=0)),
                ("rows_duplicate", models.BigIntegerField(default=0)),
                ("rows_rejected", models.BigIntegerField(default=0)),
                (
                    "quantity_received",
                    ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "quantity_accepted",
                    ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "quantity_duplicate",
                    ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                (
                    "quantity_rejected",
                    ratable_server.store.fields.ExactField(decimal_places=12, default=0, max_digits=38),
                ),
                ("accepted_sha256", models.TextField(blank=True, default="")),
                ("previous_sha256", models.TextField(blank=True, default="")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "usage_import",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", ratable_server.store.fields.CodeField()),
                ("place", models.IntegerField(default=0)),
                ("starts_on", models.DateField()),
                ("ends_before", models.DateField(blank=True, null=True)),
                ("draws", models.BooleanField(default=False)),
                (
                    "bundle",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.productbundle",
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.contract",
                    ),
                ),
                (
                    "product",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.product",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
                (
                    "usage_group",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.usagegroup",
                    ),
                ),
            ],
            options={
                "db_table": "usage_item",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AllocationChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("lines", models.JSONField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
                (
                    "item",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.usageitem",
                    ),
                ),
            ],
            options={
                "db_table": "allocation_change",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageRejection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.BigIntegerField()),
                ("event_id", models.TextField(blank=True, default="")),
                ("stream", models.TextField(blank=True, default="")),
                ("code", ratable_server.store.fields.CodeField()),
                ("value", models.TextField(blank=True, default="")),
                ("raw", models.JSONField(blank=True, null=True)),
                ("is_blocking", models.BooleanField(default=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                ("resolved_by", models.TextField(blank=True, default="")),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
                (
                    "usage_import",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.usageimport",
                    ),
                ),
            ],
            options={
                "db_table": "usage_rejection",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="UsageVoid",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.BigIntegerField()),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", models.TextField()),
                ("request_id", models.TextField()),
                ("event_id", ratable_server.store.fields.CodeField()),
                ("month_on", ratable_server.store.fields.MonthField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="store.tenant",
                    ),
                ),
            ],
            options={
                "db_table": "usage_void",
                "abstract": False,
                "default_permissions": (),
            },
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="subscription_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.UniqueConstraint(fields=("tenant", "contract", "code"), name="subscription_code"),
        ),
        migrations.AddConstraint(
            model_name="subscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_before", None), ("ends_before__gt", models.F("starts_on")), _connector="OR"),
                name="subscription_dates_must_ascend",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="run_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ("draft", "posted", "discarded", "failed"))), name="run_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="reference",
            constraint=models.UniqueConstraint(
                fields=("tenant", "dialect", "kind", "their_id"), name="reference_theirs"
            ),
        ),
        migrations.AddConstraint(
            model_name="reference",
            constraint=models.UniqueConstraint(
                fields=("tenant", "dialect", "our_kind", "our_id"), name="reference_ours"
            ),
        ),
        migrations.AddConstraint(
            model_name="productbundle",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="productbundle_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="productbundle",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="productbundle_code_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="product_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="product",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="product_code_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="prepaidcommit",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="prepaidcommit_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="prepaidcommit",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="prepaidcommit_code_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="prepaidcommit",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_before", None), ("ends_before__gt", models.F("starts_on")), _connector="OR"),
                name="prepaid_commit_dates_must_ascend",
            ),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="policyversion_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="policyversion",
            constraint=models.UniqueConstraint(fields=("tenant", "number"), name="policy_version_number"),
        ),
        migrations.AddConstraint(
            model_name="periodreopening",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="periodreopening_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="periodreopening",
            constraint=models.UniqueConstraint(fields=("tenant", "close"), name="period_reopening_of_close"),
        ),
        migrations.AddConstraint(
            model_name="periodreopening",
            constraint=models.CheckConstraint(
                condition=models.Q(("reason", ""), _negated=True), name="reopening_must_have_a_reason"
            ),
        ),
        migrations.AddConstraint(
            model_name="periodclose",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="periodclose_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="periodclose",
            constraint=models.UniqueConstraint(fields=("tenant", "period", "version"), name="period_close_version"),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="period_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.UniqueConstraint(fields=("tenant", "month_on"), name="period_month"),
        ),
        migrations.AddConstraint(
            model_name="period",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ("open", "in_review", "closed"))), name="period_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="openingbalance",
            constraint=models.UniqueConstraint(fields=("tenant", "contract", "place"), name="opening_balance_place"),
        ),
        migrations.AddConstraint(
            model_name="milestone",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="milestone_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="milestone",
            constraint=models.UniqueConstraint(fields=("tenant", "contract", "code"), name="milestone_code"),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.UniqueConstraint(fields=("tenant", "email"), name="member_email"),
        ),
        migrations.AddConstraint(
            model_name="member",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ("viewer", "preparer", "approver", "admin"))), name="member_role"
            ),
        ),
        migrations.AddConstraint(
            model_name="journalline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credit_minor__gte", 0),
                    ("debit_minor__gte", 0),
                    models.Q(("debit_minor", 0), ("credit_minor", 0), _connector="OR"),
                ),
                name="journal_line_has_one_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="journalentry_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.UniqueConstraint(fields=("tenant", "run", "entry_code"), name="journalentry_code_of_run"),
        ),
        migrations.AddConstraint(
            model_name="journalentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("line_count__gte", 2)), name="journalentry_has_two_sides"
            ),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(fields=("tenant", "route", "key"), name="idempotency_key_of_route"),
        ),
        migrations.AddConstraint(
            model_name="draftjournalentry",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="draftjournalentry_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="draftjournalentry",
            constraint=models.UniqueConstraint(
                fields=("tenant", "run", "entry_code"), name="draftjournalentry_code_of_run"
            ),
        ),
        migrations.AddConstraint(
            model_name="draftjournalentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("line_count__gte", 2)), name="draftjournalentry_has_two_sides"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="document_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.UniqueConstraint(fields=("tenant", "kind", "code"), name="document_code"),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ("invoice", "payment", "credit_memo"))), name="document_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("against__in", ("revenue", "liability")), ("kind", "credit_memo")),
                    models.Q(models.Q(("kind", "credit_memo"), _negated=True), ("against", "")),
                    _connector="OR",
                ),
                name="document_against",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_minor__gt", 0)), name="document_amount_must_be_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="customer_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="customer_code_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="contract_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="contract_code_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_before", None), ("ends_before__gt", models.F("starts_on")), _connector="OR"),
                name="contract_dates_must_ascend",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency", ""), _negated=True), name="contract_has_a_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="bundleline",
            constraint=models.UniqueConstraint(fields=("tenant", "bundle", "product"), name="bundle_line_product"),
        ),
        migrations.AddConstraint(
            model_name="breakageestimate",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="breakageestimate_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.UniqueConstraint(fields=("tenant", "position"), name="audit_seal_position"),
        ),
        migrations.AddConstraint(
            model_name="auditseal",
            constraint=models.UniqueConstraint(fields=("tenant", "audit_entry"), name="audit_seal_of_entry"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["tenant", "transaction_id", "id"], name="audit_entry_order"),
        ),
        migrations.AddConstraint(
            model_name="auditentry",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="auditentry_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="adjustment_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="adjustment",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="adjustment_code"),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="termination_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="termination",
            constraint=models.UniqueConstraint(fields=("tenant", "contract"), name="termination_of_contract"),
        ),
        migrations.AddConstraint(
            model_name="topup",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="topup_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="usagegroup",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="usagegroup_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="usagegroup",
            constraint=models.UniqueConstraint(fields=("tenant", "product", "code"), name="usage_group_code"),
        ),
        migrations.AddConstraint(
            model_name="usagegroup",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "pricing_model__in",
                        ("unit_based", "fixed_fee", "percentage_based", "graduated_tiered", "volume_based", "package"),
                    )
                ),
                name="usage_group_pricing_model",
            ),
        ),
        migrations.AddConstraint(
            model_name="tierpriceoverride",
            constraint=models.UniqueConstraint(
                fields=("tenant", "contract", "usage_group", "tier_number"), name="tier_price_override_tier"
            ),
        ),
        migrations.AddConstraint(
            model_name="tier",
            constraint=models.UniqueConstraint(fields=("tenant", "usage_group", "number"), name="tier_number"),
        ),
        migrations.AddConstraint(
            model_name="usageimport",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="usageimport_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="usageimport",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="usage_import_code"),
        ),
        migrations.AddConstraint(
            model_name="usageimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ("pending", "completed", "failed"))), name="usage_import_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="usageimport",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "rows_received",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("rows_accepted"), "+", models.F("rows_duplicate")
                            ),
                            "+",
                            models.F("rows_rejected"),
                        ),
                    ),
                    ("status", "pending"),
                    _connector="OR",
                ),
                name="usage_import_rows_add_up",
            ),
        ),
        migrations.AddConstraint(
            model_name="usageitem",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="usageitem_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="usageitem",
            constraint=models.UniqueConstraint(fields=("tenant", "code"), name="usageitem_code_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="usageitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_before", None), ("ends_before__gt", models.F("starts_on")), _connector="OR"),
                name="usage_item_dates_must_ascend",
            ),
        ),
        migrations.AddConstraint(
            model_name="allocationchange",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="allocationchange_id_of_tenant"),
        ),
        migrations.AddIndex(
            model_name="usagerejection",
            index=models.Index(
                condition=models.Q(("is_blocking", True), ("resolved_at", None)),
                fields=["tenant"],
                name="usage_rejection_blocking",
            ),
        ),
        migrations.AddConstraint(
            model_name="usagevoid",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="usagevoid_id_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="usagevoid",
            constraint=models.UniqueConstraint(fields=("tenant", "event_id"), name="usage_void_event_id"),
        ),
    ]
    operations = [AtOnce(operations)]
