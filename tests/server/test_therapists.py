"""A therapist's choices over the vendor's API, and what sessions get of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from tests.services import MakeSite, Site, bearer, session_body

from alliancekit.choices import TherapistSettings
from alliancekit.store.choices import change_therapist


def path(therapist: str = "t1") -> str:
    return f"/v1/therapists/{quote(therapist, safe='')}/settings"


async def patch(site: Site, changes: Any, therapist: str = "t1", *, key: str = "") -> Any:
    return await site.http.patch(path(therapist), json=changes, headers=bearer(key or site.key))


async def created(site: Site, **fields: Any) -> dict[str, Any]:
    body = {name: value for name, value in session_body(**fields).items() if value is not None}
    reply = await site.post("/v1/sessions", body)
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def test_of_a_therapist_who_never_chose_the_defaults_are_told(site: Site) -> None:
    found = (await site.get(path())).json()
    choices, practice = found.pop("choices"), found.pop("practice")
    assert found == TherapistSettings().model_dump()
    assert practice == {"ratings": "on", "style": "facilitative", "measure": "check-in"}
    assert [one["name"] for one in choices["styles"]] == list(site.service.plugins.styles)
    assert all(one["description"] for one in choices["styles"])
    askable = {one["name"] for one in choices["measures"] if not one["cannot_be_asked"]}
    assert "check-in" in askable
    assert not askable & {"pulse", "fit-supportive"}
    assert choices["languages"] == ["en", "es", "it", "zh", "ar"]
    assert choices["link"] is False


async def test_measures_without_their_wording_are_told_with_the_reason(make_site: MakeSite) -> None:
    site = await make_site(plugins={"enabled": ["published"], "disabled": ["webrtc"]})
    measures = (await site.get(path())).json()["choices"]["measures"]
    (found,) = [one for one in measures if one["name"] == "wai-sr"]
    assert "cannot be asked" in found["cannot_be_asked"]
    reply = await patch(site, {"measure": "wai-sr"})
    assert (reply.status_code, reply.json()["type"].rpartition("/")[2]) == (422, "cannot-be-asked")


async def test_a_change_is_stored_audited_and_the_tenants_own(each_site: Site) -> None:
    site = each_site
    _, other = await site.another_tenant()
    reply = await patch(site, {"pulses": "on", "pulse_after": 15, "timezone": "Europe/Rome"})
    assert reply.status_code == 200
    assert (await site.get(path())).json() == reply.json()
    assert (reply.json()["pulses"], reply.json()["pulse_after"]) == ("on", 15)
    assert (await site.get(path(), key=other)).json()["pulses"] is None
    assert (await patch(site, {"pulses": None})).json()["pulses"] is None
    entries = [one for one in (await site.rows())["audit"] if "therapist.changed" in one]
    assert len(entries) == 2
    assert all("t1" in one and "vendor" in one for one in entries)


async def test_a_therapists_name_may_be_anything_that_a_vendor_uses(site: Site) -> None:
    for name in ("a/b", "Dr. Ä?#&", "%2F", "x" * 200):
        assert (await patch(site, {"pulses": "on"}, name)).json()["pulses"] == "on"
        assert (await site.get(path(name))).json()["pulses"] == "on"
    assert (await site.get(path())).json()["pulses"] is None
    assert (await site.get(path("x" * 201))).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratings": "yes"},
        {"pulse_after": 0},
        {"pulse_after": None},
        {"hologram": "on"},
        {"style": "magic"},
        {"measure": "magic"},
        {"language": "tlh"},
        {"timezone": "Mars/Olympus"},
        [],
    ],
)
async def test_a_wrong_change_changes_nothing(site: Site, wrong: Any) -> None:
    before = await site.rows()
    reply = await patch(site, wrong)
    assert reply.status_code == 422
    assert "Mars" not in reply.text
    assert "magic" not in reply.text
    assert (await patch(site, {"pulses": "on"}, key="ak_wrong")).status_code == 401
    assert await site.rows() == before


async def test_a_change_that_is_too_long_is_refused(site: Site) -> None:
    assert (await patch(site, {"style": "x" * 70_000})).status_code == 413


# sessions -----------------------------------------------------------------------------------------


async def test_sessions_created_later_have_the_chosen_style(site: Site) -> None:
    first = await created(site, style=None, external_id="one", episode="one")
    assert first["style"] == "facilitative"
    await patch(site, {"style": "directive"})
    assert (await created(site, style=None))["style"] == "directive"
    assert (await created(site, style="supportive"))["style"] == "supportive", "the vendor's word wins"
    again = await created(site, style=None, external_id="one", episode="one")
    assert again["style"] == "facilitative"


async def test_the_episodes_therapist_decides_also_where_another_stands_in(site: Site) -> None:
    await patch(site, {"style": "directive"})
    await patch(site, {"style": "supportive"}, "t2")
    await created(site, style=None, episode="course")
    stand_in = [{"role": "client", "external_id": "c1"}, {"role": "therapist", "external_id": "t2"}]
    assert (await created(site, style=None, episode="course", participants=stand_in))["style"] == "directive"
    assert (await created(site, style=None, participants=stand_in))["style"] == "supportive"


async def test_the_chosen_measure_is_asked(site: Site) -> None:
    await patch(site, {"measure": "check-in"})
    assert (await created(site))["measure"] == "check-in"


async def test_a_choice_that_can_no_longer_be_had_keeps_nobody_from_meeting(site: Site) -> None:
    gone = {"style": "narrative", "measure": "gold-1"}
    await site.service.database.write(
        lambda conn: change_therapist(conn, site.tenant, "t1", gone, site.clock())
    )
    found = await created(site, style=None)
    assert (found["style"], found["measure"]) == ("facilitative", "check-in")
