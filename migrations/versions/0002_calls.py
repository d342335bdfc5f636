"""Calls to peers: what members ask, who responds, what they offer, and who keeps calls this week."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from migrations.kinds import add_kinds

revision = "0002"
down_revision = "0001"

BEFORE = {
    "delivery": ["round", "check-in", "weaving", "reminder", "quiet", "note"],
    "rhythm": ["checkin"],
}
NEW = {"delivery": ["call", "door", "rung", "word", "keeper"], "rhythm": ["keeper"]}


def upgrade() -> None:
    op.create_table(
        "offer",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offer")),
        sa.UniqueConstraint("community_id", "member_id", "words", name=op.f("uq_offer_community_id_member_id_words")),
    )
    with op.batch_alter_table("offer", schema=None) as batch_op:
        batch_op.create_index("ix_offer_asked_at", ["community_id", "asked_at", "member_id"], unique=False)

    op.create_table(
        "call",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("caller_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "open",
                "answered",
                "withdrawn",
                name="callstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("help", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column(
            "urgency",
            sa.Enum(
                "today", "this week", "no hurry", name="urgency", native_enum=False, create_constraint=True, length=20
            ),
            nullable=False,
        ),
        sa.Column(
            "audience",
            sa.Enum(
                "everyone",
                "hosts",
                "named",
                "nameless",
                name="audience",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("written_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("opened_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("next_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("accompanied", sa.Boolean(), nullable=False),
        sa.Column("first_answer_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("helped", sa.Boolean(), nullable=True),
        sa.Column("learning", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("door_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_call_community_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
        sa.UniqueConstraint("message_id", name=op.f("uq_call_message_id")),
        sa.UniqueConstraint("thread_id", name=op.f("uq_call_thread_id")),
    )
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.create_index("ix_call_caller_id", ["caller_id", "community_id"], unique=False)
        batch_op.create_index("ix_call_community_id", ["community_id", "state", "opened_at"], unique=False)
        batch_op.create_index("ix_call_next_at", ["state", "next_at"], unique=False)
        batch_op.create_index(
            "uq_call_draft",
            ["community_id", "caller_id"],
            unique=True,
            sqlite_where=sa.text("state = 'draft'"),
            postgresql_where=sa.text("state = 'draft'"),
        )

    op.create_table(
        "offerstem",
        sa.Column("offer_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stem", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], name=op.f("fk_offerstem_offer_id")),
        sa.PrimaryKeyConstraint("offer_id", "stem", name=op.f("pk_offerstem")),
    )
    with op.batch_alter_table("offerstem", schema=None) as batch_op:
        batch_op.create_index("ix_offerstem_asked_at", ["community_id", "stem", "asked_at", "member_id"], unique=False)
        batch_op.create_index("ix_offerstem_member_id", ["member_id", "community_id"], unique=False)

    op.create_table(
        "keeperturn",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("rhythm_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("keeper_id", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_keeperturn_community_id")),
        sa.ForeignKeyConstraint(["rhythm_id"], ["rhythm.id"], name=op.f("fk_keeperturn_rhythm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keeperturn")),
        sa.UniqueConstraint("rhythm_id", "day", name=op.f("uq_keeperturn_rhythm_id_day")),
    )
    with op.batch_alter_table("keeperturn", schema=None) as batch_op:
        batch_op.create_index("ix_keeperturn_ends_at", ["community_id", "ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_keeperturn_keeper_id"), ["keeper_id"], unique=False)

    op.create_table(
        "relay",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("written_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_relay_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay")),
        sa.UniqueConstraint("request_id", name=op.f("uq_relay_request_id")),
    )
    with op.batch_alter_table("relay", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_relay_call_id"), ["call_id"], unique=False)

    op.create_table(
        "response",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("thought_of_by", sa.BigInteger(), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=True),
        sa.Column("asked_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("why", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "silent",
                "with you",
                "later",
                "not me",
                "done",
                "handed back",
                "left",
                name="responsekind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("later_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_response_call_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_response")),
        sa.UniqueConstraint("call_id", "member_id", name=op.f("uq_response_call_id_member_id")),
    )
    with op.batch_alter_table("response", schema=None) as batch_op:
        batch_op.create_index("ix_response_ends_at", ["kind", "ends_at"], unique=False)
        batch_op.create_index("ix_response_member_id", ["member_id", "community_id", "asked_at"], unique=False)

    op.create_table(
        "rung",
        sa.Column("call_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("due_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("reached_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("skipped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_rung_call_id")),
        sa.PrimaryKeyConstraint("call_id", "number", name=op.f("pk_rung")),
    )

    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("about", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("asks_a_month", sa.Integer(), nullable=False, server_default="3"))
        batch_op.add_column(sa.Column("keeps", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("kept_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    for column in ("about", "asks_a_month", "keeps"):  # the program gives these values itself
        with op.batch_alter_table("member", schema=None) as batch_op:
            batch_op.alter_column(column, server_default=None)
    for table, kinds in BEFORE.items():
        add_kinds(table, kinds, NEW[table])
