"""Summaries of threads: drafts and published ones, what each rests on, what the model costs; and a rhythm's link."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from migrations.kinds import add_kinds

revision = "0004"
down_revision = "0003"

DELIVERIES_BEFORE = [
    "round", "check-in", "weaving", "reminder", "quiet", "note", "call", "door", "rung", "word", "keeper", "circle",
    "event", "panel", "circle-word",
]  # fmt: skip
DEFAULTS = {"community": ["model_on", "summarising", "monthly_tokens"], "member": ["left_out"], "rhythm": ["link"]}


def upgrade() -> None:
    op.create_table(
        "confidentialthread",
        sa.Column("thread_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_confidentialthread_community_id")),
        sa.PrimaryKeyConstraint("thread_id", name=op.f("pk_confidentialthread")),
    )
    op.create_table(
        "modeluse",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_modeluse_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_modeluse")),
    )
    with op.batch_alter_table("modeluse", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_modeluse_community_id"), ["community_id"], unique=False)

    op.create_table(
        "summary",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=False),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("asker_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "priced",
                "draft",
                "published",
                "discarded",
                name="summarystate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "unmodelled",
            sa.Enum(
                "none",
                "off",
                "budget",
                "failed",
                "chosen",
                name="unmodelled",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=10), nullable=False),
        sa.Column("after_id", sa.BigInteger(), nullable=True),
        sa.Column("up_to_id", sa.BigInteger(), nullable=True),
        sa.Column("previous_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.Column("made_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("published_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("outdated", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_summary_community_id")),
        sa.ForeignKeyConstraint(["previous_id"], ["summary.id"], name=op.f("fk_summary_previous_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summary")),
        sa.UniqueConstraint("message_id", name=op.f("uq_summary_message_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_summary_request_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("summary", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_summary_asker_id"), ["asker_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_summary_thread_id"), ["thread_id"], unique=False)

    op.create_table(
        "summaryperson",
        sa.Column("summary_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("spoke", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["summary_id"], ["summary.id"], name=op.f("fk_summaryperson_summary_id")),
        sa.PrimaryKeyConstraint("summary_id", "number", name=op.f("pk_summaryperson")),
    )
    with op.batch_alter_table("summaryperson", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_summaryperson_member_id"), ["member_id"], unique=False)

    op.create_table(
        "summarypoint",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("summary_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "heading",
            sa.Enum(
                "asked",
                "offered",
                "open",
                "commitments",
                "thanks",
                "links",
                "welcomed",
                name="heading",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("added", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["summary_id"], ["summary.id"], name=op.f("fk_summarypoint_summary_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summarypoint")),
    )
    with op.batch_alter_table("summarypoint", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_summarypoint_summary_id"), ["summary_id"], unique=False)

    op.create_table(
        "summarysource",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("point_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("summary_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["point_id"], ["summarypoint.id"], name=op.f("fk_summarysource_point_id")),
        sa.ForeignKeyConstraint(["summary_id"], ["summary.id"], name=op.f("fk_summarysource_summary_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_summarysource")),
    )
    with op.batch_alter_table("summarysource", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_summarysource_author_id"), ["author_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_summarysource_message_id"), ["message_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_summarysource_point_id"), ["point_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_summarysource_summary_id"), ["summary_id"], unique=False)

    with op.batch_alter_table("community", schema=None) as batch_op:
        batch_op.add_column(sa.Column("model_on", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(
            sa.Column(
                "summarising",
                sa.Enum(
                    "hosts", "taking part", name="summarising", native_enum=False, create_constraint=True, length=20
                ),
                nullable=False,
                server_default="taking part",
            )
        )
        batch_op.add_column(sa.Column("monthly_tokens", sa.Integer(), nullable=False, server_default="200000"))

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("left_out", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("rhythm", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("link", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False, server_default="")
        )

    for table, columns in DEFAULTS.items():  # the program gives these values itself
        for column in columns:
            with op.batch_alter_table(table, schema=None) as batch_op:
                batch_op.alter_column(column, server_default=None)
    add_kinds("delivery", DELIVERIES_BEFORE, ["summary", "summary-notice"])
    waiting = sa.text("state IN ('pending', 'claimed')")
    op.create_index(  # after the copy of the table that holds new kinds
        "ix_delivery_before", "delivery", ["kind", "subject_id", "id"], sqlite_where=waiting, postgresql_where=waiting
    )
