"""What is stored of what therapists and clients chose."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from alliancekit.choices import TherapistSettings
from alliancekit.errors import NotFoundError
from alliancekit.store import tenants
from alliancekit.store.choices import (
    ClientChoice,
    asked_in_call,
    change_therapist,
    chosen_for,
    read_client_choice,
    read_therapist,
    tenant_ratings,
    tenant_switched_off,
    wants,
    write_client_choice,
)
from alliancekit.store.database import Database
from alliancekit.store.prompts import (
    NewPrompt,
    close_prompt,
    create_prompt,
    deliveries,
    open_prompts,
    plan_delivery,
    planned,
    read_prompt,
)
from alliancekit.store.tables import client_choice, therapist
from alliancekit.store.text import load

from .case import NOW, Case, make_case


async def settings_of(database: Database, case: Case, name: str = "t1") -> TherapistSettings:
    return await database.read(lambda conn: read_therapist(conn, case.tenant, name))


async def change(database: Database, case: Case, name: str = "t1", **changes: object) -> TherapistSettings:
    return await database.write(lambda conn: change_therapist(conn, case.tenant, name, changes, NOW))


async def linked(database: Database, case: Case, person: str, moment: str = "end_of_call") -> str:
    """A prompt whose link is to be sent."""
    new = NewPrompt(
        tenant=case.tenant,
        session=case.session,
        participant=person,
        moment=moment,  # type: ignore[arg-type]
        occasion=moment,
        instruments=("check-in",),
    )
    made = await database.write(lambda conn: create_prompt(conn, new, NOW))
    assert made is not None
    await database.write(lambda conn: plan_delivery(conn, case.tenant, made.id, channel="mail", at=NOW + 60))
    return made.id


async def still_planned(database: Database, prompt: str) -> bool:
    return bool(planned(await database.read(lambda conn: deliveries(conn, prompt))))


# therapists ---------------------------------------------------------------------------------------


async def test_who_never_chose_has_the_defaults(database: Database) -> None:
    case = await database.write(make_case)
    assert await settings_of(database, case) == TherapistSettings()


async def test_one_change_leaves_the_others_and_none_takes_one_back(database: Database) -> None:
    case = await database.write(make_case)
    await change(database, case, pulses="on", style="directive")
    assert await change(database, case, style=None, pulse_after=7) == TherapistSettings(
        pulses="on", pulse_after=7
    )
    assert await settings_of(database, case) == TherapistSettings(pulses="on", pulse_after=7)
    assert await settings_of(database, case, "t2") == TherapistSettings()


async def test_settings_are_a_tenants_own(database: Database) -> None:
    case, other = await database.write(make_case), await database.write(make_case)
    await change(database, case, ratings="off")
    assert (await settings_of(database, other)).ratings is None


async def test_what_a_newer_release_stored_survives_and_is_not_misread(database: Database) -> None:
    case = await database.write(make_case)
    await change(database, case, pulse_after=7, hologram="on", pulses="sometimes")
    assert await settings_of(database, case) == TherapistSettings(pulse_after=7)
    await change(database, case, pulse_after=8)
    stored = await database.read(lambda conn: conn.execute(select(therapist.c.settings)).scalar_one())
    assert load(stored) == {"pulse_after": 8, "hologram": "on", "pulses": "sometimes"}


@pytest.mark.parametrize("changes", [{"ratings": "off"}, {"link": "off"}])
async def test_switched_off_no_link_is_sent_for_what_is_being_asked(
    database: Database, changes: dict[str, str]
) -> None:
    case = await database.write(make_case)
    asked = await linked(database, case, case.client)
    await change(database, case, "t2", **changes)
    await change(database, case, pulses="off")
    assert await still_planned(database, asked)
    await change(database, case, **changes)
    assert not await still_planned(database, asked)
    found = await database.read(lambda conn: read_prompt(conn, case.tenant, asked))
    assert found is not None
    assert found.status == "open", "who has the card before them may still answer"


async def test_ratings_are_the_tenants_where_the_therapist_never_chose(database: Database) -> None:
    case = await database.write(make_case)

    async def ratings() -> str:
        return (await database.read(lambda conn: chosen_for(conn, case.session))).ratings

    assert await ratings() == "on"
    await database.write(lambda conn: tenants.change_settings(conn, case.tenant, {"ratings": "off"}))
    assert await ratings() == "off"
    assert await database.read(lambda conn: tenant_ratings(conn, case.tenant)) == "off"
    await change(database, case, ratings="on")
    assert await ratings() == "on"


@pytest.mark.parametrize("own", [None, "on"])
async def test_a_tenant_that_switches_off_ends_what_its_therapists_did_not_choose(
    database: Database, own: str | None
) -> None:
    case = await database.write(make_case)
    await change(database, case, ratings=own)
    asked = await linked(database, case, case.client)
    await database.write(lambda conn: tenant_switched_off(conn, case.tenant, NOW))
    assert await still_planned(database, asked) is (own == "on")


# clients ------------------------------------------------------------------------------------------


async def write(database: Database, case: Case, choice: ClientChoice, at: float = NOW) -> list[str]:
    closed = await database.write(
        lambda conn: write_client_choice(conn, case.tenant, case.episode, choice, at)
    )
    return [one.id for one in closed]


async def choice_of(database: Database, case: Case) -> ClientChoice:
    return await database.read(lambda conn: read_client_choice(conn, case.tenant, case.episode))


async def test_a_choice_is_stored_and_changed(database: Database) -> None:
    case = await database.write(make_case)
    assert await choice_of(database, case) == ClientChoice()
    first = ClientChoice(asked="never", supervision_at=NOW, supervision_text="v1")
    for choice in (first, replace(first, asked="all", erasure_asked_at=NOW), ClientChoice()):
        await write(database, case, choice)
        assert await choice_of(database, case) == choice
    rows = await database.read(lambda conn: conn.execute(select(client_choice.c.tenant)).scalars().all())
    assert rows == [case.tenant]


async def test_another_tenants_course_is_not_there(database: Database) -> None:
    case, other = await database.write(make_case), await database.write(make_case)
    foreign = replace(case, tenant=other.tenant)
    with pytest.raises(NotFoundError):
        await write(database, foreign, ClientChoice(asked="never"))
    with pytest.raises(NotFoundError):
        await choice_of(database, foreign)
    assert await choice_of(database, case) == ClientChoice()


@pytest.mark.parametrize("asked", ["all", "not_in_calls", "never"])
async def test_what_is_asked_against_the_choice_is_closed(database: Database, asked: str) -> None:
    case = await database.write(make_case)
    after = await linked(database, case, case.client)
    theirs = await linked(database, case, case.therapist)
    closed = await write(database, case, ClientChoice(asked=asked))  # type: ignore[arg-type]
    wanted = {"all": [], "not_in_calls": [*case.prompts], "never": [*case.prompts, after]}
    assert sorted(closed) == sorted(wanted[asked])
    prompts = (*case.prompts, after, theirs)
    found = await database.read(lambda conn: {one.id for one in open_prompts(conn, case.session)})
    assert found == set(prompts) - set(closed)


async def test_dont_ask_me_in_calls_on_a_card_holds_until_the_page_says_otherwise(
    database: Database,
) -> None:
    case = await database.write(make_case)

    async def wanted(*, in_call: bool = True) -> bool:
        return await database.read(
            lambda conn: wants(
                conn,
                case.tenant,
                case.client,
                client=True,
                in_call=in_call,
                choice=chosen_for(conn, case.session),
            )
        )

    assert await wanted()
    await database.write(
        lambda conn: close_prompt(
            conn, case.tenant, case.prompts[0], "dismissed", NOW + 10, dismissal="not_in_calls"
        )
    )
    assert (await choice_of(database, case)).asked == "not_in_calls"
    assert (await wanted(), await wanted(in_call=False)) == (False, True)
    await write(database, case, ClientChoice(asked="all"), at=NOW + 20)
    assert (await choice_of(database, case)).asked == "all"
    assert await wanted()
    await write(database, case, ClientChoice(asked="never"), at=NOW + 30)
    assert (await wanted(), await wanted(in_call=False)) == (False, False)


async def test_a_strange_stored_choice_of_ratings_is_the_default(database: Database) -> None:
    case = await database.write(make_case)
    await database.write(lambda conn: tenants.change_settings(conn, case.tenant, {"ratings": "later"}))
    assert (await database.read(lambda conn: chosen_for(conn, case.session))).ratings == "on"


async def test_how_often_somebody_was_asked_in_a_call(database: Database) -> None:
    case = await database.write(make_case)
    await linked(database, case, case.client)
    assert await database.read(lambda conn: asked_in_call(conn, case.client)) == (NOW,)
    assert await database.read(lambda conn: asked_in_call(conn, case.therapist)) == ()
    with pytest.raises(NotFoundError):
        await database.read(lambda conn: chosen_for(conn, "ses_none"))
