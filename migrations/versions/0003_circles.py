"""Learning circles: who comes, who holds a role, where a running circle stands, and what was gathered."""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from migrations.kinds import add_kinds

revision = "0003"
down_revision = "0002"

BEFORE = {
    "delivery": [
        "round", "check-in", "weaving", "reminder", "quiet", "note", "call", "door", "rung", "word", "keeper",
    ],
    "rhythm": ["checkin", "keeper"],
}  # fmt: skip
NEW = {"delivery": ["circle", "event", "panel", "circle-word"], "rhythm": ["circle"]}


def upgrade() -> None:
    op.create_table(
        "circle",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("rhythm_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("proposer_id", sa.BigInteger(), nullable=True),
        sa.Column("request_id", sa.BigInteger(), nullable=True),
        sa.Column("theme_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("intention", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("opening", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("question", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("second_question", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("closing", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("tag", sqlmodel.sql.sqltypes.AutoString(length=20), nullable=True),
        sa.Column("format_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column(
            "way",
            sa.Enum("live", "written", name="way", native_enum=False, create_constraint=True, length=20),
            nullable=False,
        ),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("link", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("room", sa.Integer(), nullable=True),
        sa.Column("starts_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "planned",
                "running",
                "closed",
                "cancelled",
                name="circlestate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("hostless", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.Integer(), nullable=False),
        sa.Column("next_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("event_version", sa.Integer(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("step_ends_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("began_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("ended_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.Column("panel_id", sa.BigInteger(), nullable=True),
        sa.Column("panel_version", sa.Integer(), nullable=False),
        sa.Column("rings", sa.Integer(), nullable=False),
        sa.Column("said", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["community_id"], ["community.id"], name=op.f("fk_circle_community_id")),
        sa.ForeignKeyConstraint(["rhythm_id"], ["rhythm.id"], name=op.f("fk_circle_rhythm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circle")),
        sa.UniqueConstraint("message_id", name=op.f("uq_circle_message_id")),
        sa.UniqueConstraint("request_id", name=op.f("uq_circle_request_id")),
        sa.UniqueConstraint("rhythm_id", "day", name=op.f("uq_circle_rhythm_id_day")),
    )
    with op.batch_alter_table("circle", schema=None) as batch_op:
        batch_op.create_index("ix_circle_next_at", ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_circle_proposer_id"), ["proposer_id"], unique=False)
        batch_op.create_index("ix_circle_starts_at", ["community_id", "state", "starts_at"], unique=False)

    op.create_table(
        "circlegroup",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("away", sa.Boolean(), nullable=False),
        sa.Column("opened", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_circlegroup_circle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_circlegroup")),
        sa.UniqueConstraint("circle_id", "step", "number", name=op.f("uq_circlegroup_circle_id_step_number")),
        sa.UniqueConstraint("thread_id", name=op.f("uq_circlegroup_thread_id")),
    )
    op.create_table(
        "circlerole",
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "host",
                "guardian",
                "harvester",
                "co-host",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("offered_to", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_circlerole_circle_id")),
        sa.PrimaryKeyConstraint("circle_id", "role", name=op.f("pk_circlerole")),
    )
    with op.batch_alter_table("circlerole", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_circlerole_member_id"), ["member_id"], unique=False)

    op.create_table(
        "coming",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "coming",
                "maybe",
                "not this time",
                name="comingkind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("answered_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_coming_circle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coming")),
        sa.UniqueConstraint("circle_id", "member_id", name=op.f("uq_coming_circle_id_member_id")),
    )
    with op.batch_alter_table("coming", schema=None) as batch_op:
        batch_op.create_index("ix_coming_member_id", ["member_id", "community_id"], unique=False)

    op.create_table(
        "harvest",
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("harvester_id", sa.BigInteger(), nullable=True),
        sa.Column("lines", sqlmodel.sql.sqltypes.AutoString(length=900), nullable=False),
        sa.Column("question", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("thanks", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("written_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_harvest_circle_id")),
        sa.PrimaryKeyConstraint("circle_id", name=op.f("pk_harvest")),
    )
    with op.batch_alter_table("harvest", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_harvest_community_id"), ["community_id"], unique=False)

    op.create_table(
        "hostinvitation",
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("invited_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
        sa.Column("declined", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_hostinvitation_circle_id")),
        sa.PrimaryKeyConstraint("circle_id", "member_id", name=op.f("pk_hostinvitation")),
    )
    op.create_table(
        "seat",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("away", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "holds",
                "spoke",
                "passed",
                "silent",
                "skipped",
                name="seatstate",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("holds_until", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_seat_circle_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
        sa.UniqueConstraint("circle_id", "step", "member_id", name=op.f("uq_seat_circle_id_step_member_id")),
    )
    with op.batch_alter_table("seat", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_seat_member_id"), ["member_id"], unique=False)

    op.create_table(
        "wish",
        sa.Column("circle_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("words", sqlmodel.sql.sqltypes.AutoString(length=55), nullable=False),
        sa.ForeignKeyConstraint(["circle_id"], ["circle.id"], name=op.f("fk_wish_circle_id")),
        sa.PrimaryKeyConstraint("circle_id", "member_id", name=op.f("pk_wish")),
    )
    with op.batch_alter_table("member", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "hosting",
                sa.Enum(
                    "host",
                    "co-host",
                    "not now",
                    name="hostingwish",
                    native_enum=False,
                    create_constraint=True,
                    length=20,
                ),
                nullable=False,
                server_default="not now",
            )
        )
        batch_op.add_column(sa.Column("has_hosted", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("hosted_at", sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))

    for column in ("hosting", "has_hosted"):  # the program gives these values itself
        with op.batch_alter_table("member", schema=None) as batch_op:
            batch_op.alter_column(column, server_default=None)
    with op.batch_alter_table("rhythm", schema=None) as batch_op:
        batch_op.add_column(sa.Column("format_id", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True))
        batch_op.add_column(
            sa.Column(
                "way",
                sa.Enum("live", "written", name="way", native_enum=False, create_constraint=True, length=20),
                nullable=True,
            )
        )
        batch_op.add_column(sa.Column("place_id", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("room", sa.Integer(), nullable=True))

    for table, kinds in BEFORE.items():
        add_kinds(table, kinds, NEW[table])
