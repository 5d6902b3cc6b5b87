"""Made-up views for the render and browser tests and for the screenshots."""

from __future__ import annotations

from dataclasses import replace

from alliancekit.adapters import Adapter
from alliancekit.events import Guidance, Segment, Signal, Style, TalkBalance, TalkShare
from alliancekit.inbound.doing import Doing
from alliancekit.languages import OWN_TAGS, Languages
from alliancekit.languages.pages import Words
from alliancekit.server.choosing import Measure, Offer
from alliancekit.server.therapist import agreement, platforms
from alliancekit.server.therapist.course import CourseView, NoteView, TalkView, TaskView
from alliancekit.server.therapist.platforms import PlatformsView
from alliancekit.server.therapist.views import (
    CaseloadEntry,
    CaseloadView,
    CheckInView,
    CutOffView,
    EpisodeView,
    FacetView,
    Link,
    Live,
    NotComputed,
    PulseView,
    Reading,
    ResponseView,
    ScaleView,
    SessionView,
    ShownPanel,
    SignalView,
)
from alliancekit_bigbluebutton import BigBlueButtonSettings, BigBlueButtonWebhooks
from alliancekit_jitsi import JitsiMeet, JitsiSettings
from alliancekit_livekit import LiveKitAdapter, LiveKitSettings
from alliancekit_strain.page import explained
from alliancekit_strain.rules import records, rules
from alliancekit_strain.settings import Settings

EN = Words(Languages().find("en"), "therapist", timezone="Europe/Rome")

OFFER = Offer(
    styles=tuple(
        Style(name=name, title=name, description="")
        for name in ("directive", "nondirective", "facilitative", "supportive", "task_oriented")
    ),
    measures=(
        Measure(name="check-in", title="Alliance check-in", cannot_be_asked=""),
        Measure(
            name="wai-sr", title="Working Alliance Inventory, short revised", cannot_be_asked="no wording"
        ),
        Measure(name="srs", title="Session Rating Scale", cannot_be_asked="no wording"),
    ),
    languages=tuple(OWN_TAGS),
    links=True,
)
"""The words of a reader of English."""

START = 1_785_000_000.0
WEEK = 7 * 86400.0
CLIENT = [68, 74, 77, None, 79, 81, None, 78, 80, 62, 71, 79]
THERAPIST = [60, 62, 70, None, 71, 74, None, 76, 77, 74, 66, 72]
SCALES = (
    ScaleView(name="goal", title="Goals"),
    ScaleView(name="task", title="Tasks"),
    ScaleView(name="bond", title="Bond"),
)
STYLE = Style(
    name="directive", title="Directive", description="Takes an active part.", fit_instrument="fit-directive"
)
LABELS = ("Not at all", "A little", "Somewhat", "Mostly", "Completely")
FACETS = (
    ("Felt respected", 4, 3),
    ("Felt understood", 3, 3),
    ("The therapist was genuine", 4, 4),
    ("Safe to say anything", 3, 4),
    ("Confident this will help", 2, 3),
    ("Agreed on what we work towards", 3, 3),
    ("Agreed on how we work", 1, 3),
    ("A fair share of the work for each", 3, 2),
    ("My background was respected", 4, 4),
)


def shown(percent: float | None) -> Reading:
    return Reading(state="no_answer") if percent is None else Reading(float(percent), "shown")


def talk() -> TalkBalance:
    return TalkBalance(
        client=TalkShare(seconds=1020, share=0.43, turns=88),
        therapist=TalkShare(seconds=1352, share=0.57, turns=91),
        overlap=0.04,
        silence=0.12,
        observed_seconds=2820,
    )


def session(
    number: int, client: float | None, therapist: float | None, *, missed: bool = False
) -> SessionView:
    """Session `number` with ratings; a client's None is 'kept private' in session 7, else no answer."""
    at = START + number * WEEK
    if missed:
        return SessionView(id=f"ses_{number}", number=number, at=at, attended=False, example=True)
    private = client is None and number == 7
    hidden = Reading(state="private") if private else Reading(state="no_answer")
    offsets = {"total": 0.0, "goal": 3.0, "task": -6.0, "bond": 5.0}
    return SessionView(
        id=f"ses_{number}",
        number=number,
        at=at,
        example=True,
        seconds=2880,
        client={
            k: hidden if client is None else shown(min(100, max(0, client + o))) for k, o in offsets.items()
        },
        therapist={
            k: shown(None if therapist is None else min(100, max(0, therapist - o)))
            for k, o in offsets.items()
        },
        pulses=(PulseView(role="client", after_seconds=1260, reading=shown(75)),) if number % 3 == 0 else (),
        segments=(Segment(participant="par_1", role="client", joined_at=at, left_at=at + 900, how="dropped"),)
        if number % 5 == 0
        else (),
        talk_balance=talk(),
        responses=(
            ResponseView(
                role="client",
                moment="end_of_call",
                title="Check-in",
                state="private" if private else "no_answer" if client is None else "shared",
            ),
            ResponseView(role="client", moment="end_of_call", title="Fit of the style", state="later"),
            ResponseView(role="therapist", moment="end_of_call", title="Check-in", state="shared"),
        ),
    )


RULES = tuple(rules(Settings()).values())


def strain(
    number: int, *, settled: bool = False, talk: TalkView | None = None, words: Words = EN
) -> SignalView:
    """Two of the three rules of possible strain speak, the control chart does not."""
    numbers = {"before": 80, "now": 62, "sd": 8.416, "magnitude": 2.139, "length": 1}
    numbers |= {"centre": 76.625, "sigma": 8.416, "lower": 59.793}
    one, two = (
        Signal(
            kind="possible_strain",
            rule=rule,
            level=level,
            sentence="The client’s check-in rating fell by 18 points of 100 since the last rated session, "
            "2.1 times the usual ups and downs. The relationship may be under strain: ask how it was.",
            sessions_needed=5,
            instrument="check-in",
            scale="total",
            inputs=numbers,
            source="after Gumz et al. 2012, BMC Med Res Methodol 12:10",
            magnitude=2.139,
            length=1,
            pattern="v",
        )
        for rule, level in (("fall of 1 SD", "notice"), ("fall of 2 SD", "strong"))
    )
    return SignalView(
        session=number,
        open=not settled,
        repaired_in=number + 2 if settled else None,
        talk=talk,
        signal=two,
        also=(one,),
        rules=agreement.rules_of((two, one), RULES, {"rated": 8, "held": number}, words),
    )


DIVERGENCE = SignalView(
    session=12,
    signal=Signal(
        kind="divergence",
        rule="item_difference",
        level="notice",
        sentence="You and the client answered “Agreed on how we work” two steps apart.",
        sessions_needed=1,
        inputs={"client": 1, "therapist": 3},
        source="Own rule, provisional",
    ),
)
REPAIR = SignalView(
    session=12,
    signal=Signal(
        kind="repair",
        rule="back_within_three_sessions",
        level="info",
        sentence="The client’s rating is back where it was before session 10.",
        sessions_needed=6,
        scale="total",
        inputs={"level_before": 80, "now": 79},
    ),
)
GUIDANCE = (
    Guidance(
        style="directive",
        text="“Last time you said you agree only a little with how we work. "
        "Which part shall we do differently?”",
        about="divergence",
    ),
    Guidance(
        style="directive",
        text="Name the next exercise together, and ask how sure the client is of doing it, from 0 to 10.",
        about="task",
    ),
    Guidance(
        style="directive",
        kind="reading",
        text="When you lead, watch the tasks first: a client who goes along may not agree.",
    ),
    Guidance(
        style="directive", kind="talk_balance", text="In a directive style, therapists often speak more."
    ),
)


LOW = Signal(
    kind="low_item",
    rule="low_answer",
    level="notice",
    sentence="One answer of the client was low: “Agreed on how we work”.",
    sessions_needed=1,
    instrument="check-in",
    inputs={"low_items": 1, "items": 9},
    source="Own rule, provisional",
)


def noted(sessions: int) -> CourseView:
    """What the therapist noted in a course of so many sessions; from ten on something of everything."""
    if sessions < 10:
        return CourseView()
    tasks = (
        (5, "Write down three situations in which the old thought came back", "done"),
        (8, "Walk to the market on Saturday, with the sister if it is easier", "partly"),
        (8, "Call the friend from work", "not_done"),
        (9, "Practise the sentence “I need a moment”", "done"),
        (10, "Keep the sleep diary", "open"),
    )
    return CourseView(
        talks=(
            TalkView(id="tlk_6", session=6, outcome="repaired", at=START + 7 * WEEK),
            TalkView(id="tlk_9", session=9, outcome="not_yet", at=START + 10 * WEEK),
        ),
        tasks=tuple(
            TaskView(
                id=f"tsk_{number}",
                session=session,
                text=text,
                status=status,  # type: ignore[arg-type]
                decided_at=None if status == "open" else START + (session + 1) * WEEK,
            )
            for number, (session, text, status) in enumerate(tasks)
        ),
        notes=(
            NoteView(
                session=7, text="I felt I had to persuade. Bring to supervision.", updated_at=START + 7 * WEEK
            ),
            NoteView(
                session=sessions,
                text="Lighter today.\n\nAsk about the sister next time.",
                updated_at=START + sessions * WEEK,
            ),
        ),
    )


def check_in(number: int) -> CheckInView:
    return CheckInView(
        session=number,
        client_state="shown",
        therapist_state="shown",
        facets=tuple(
            FacetView(
                title=title,
                client=LABELS[c],
                therapist=LABELS[t],
                client_percent=c * 25,
                therapist_percent=t * 25,
            )
            for title, c, t in FACETS
        ),
    )


def episode(sessions: int = 12, *, live: bool = False, words: Words = EN) -> EpisodeView:
    """A client with `sessions` sessions, from the same course."""
    course = tuple(
        session(i + 1, CLIENT[i % 12], THERAPIST[i % 12], missed=i % 12 == 3) for i in range(sessions)
    )
    return EpisodeView(
        episode="epi_1",
        external_id="Client 4711",
        style=STYLE,
        measure="Check-in",
        validated=False,
        scales=SCALES,
        cut_off=CutOffView(
            percent=50, meaning="provisional threshold for a low rating", source="own, provisional"
        ),
        sessions=course,
        check_in=check_in(sessions) if sessions else None,
        signals=found(sessions, words),
        course=noted(sessions),
        guidance_session=sessions or None,
        guidance=GUIDANCE if sessions >= 12 else GUIDANCE[1:3] if sessions else (),
        not_computed=(NotComputed(what="Talk balance remarks", plugin="talk_balance", status="timeout"),)
        if sessions >= 12
        else (),
        live=Live(url="/v1/live", token="live-token") if live else None,
    )


def found(sessions: int, words: Words) -> tuple[SignalView, ...]:
    """The findings of a course of so many sessions, open, talked about, repaired in either way."""
    if sessions < 10:
        return ()
    said, waits = noted(sessions).talks
    return (
        SignalView(session=6, signal=LOW, open=False, talk=said),
        SignalView(session=9, signal=LOW, talk=waits),
        strain(10, settled=sessions > 11, words=words),
        *((DIVERGENCE, REPAIR) if sessions > 11 else ()),
    )


def caseload(*, live: bool = False) -> CaseloadView:
    """Four clients in different states."""
    full = episode(12)
    waiting = replace(
        full.sessions[1],
        at=START + 13 * WEEK,
        client={"total": Reading(state="waiting")},
        responses=(
            ResponseView(role="client", moment="end_of_call", title="Check-in", state="waiting"),
            ResponseView(role="therapist", moment="end_of_call", title="Check-in", state="waiting"),
        ),
    )
    return CaseloadView(
        entries=(
            entry(full, "epi_1", "Client 4711", full.sessions, full.signals),
            entry(full, "epi_2", "Client 3090", (full.sessions[0], waiting), ()),
            entry(full, "epi_3", "Couple 18", full.sessions[:4], ()),
            entry(full, "epi_4", "Client 5222", (), ()),
        ),
        live=Live(url="/v1/live", token="live-token") if live else None,
    )


def entry(
    view: EpisodeView,
    key: str,
    name: str,
    sessions: tuple[SessionView, ...],
    signals: tuple[SignalView, ...],
) -> CaseloadEntry:
    return CaseloadEntry(
        episode=key,
        url=f"/therapist/episodes/{key}",
        external_id=name,
        style=view.style.title,
        example=key == "epi_1",
        sessions=sessions,
        signals=signals,
        count=len(sessions),
    )


PAGE = Link(title="How the rules work", url="/plugin-page")
OTHER_PAGE = Link(title="Who to call", url="/other-page")


def page_panels() -> tuple[ShownPanel, ...]:
    """The page of the plugin strain."""
    found = explained(tuple(rules(Settings()).values()), records())
    return tuple(
        ShownPanel(id=f"panel-strain-{number}", plugin="strain", panel=panel)
        for number, panel in enumerate(found)
    )


def video_platforms(words: Words = EN) -> PlatformsView:
    """Connections in good health, in trouble, and never used."""
    now = 1_800_000_000.0
    busy = Doing(taken=412, last_at=now - 250, since=now - 30 * 86400, reconciliations=3, looks=90)
    troubled = Doing(
        taken=9,
        last_at=now - 9 * 3600,
        since=now - 30 * 86400,
        refused={"bad_signature": 14, "stale": 2, "repeated": 31},
        unknown_rooms=6,
        strangers=2,
    )
    adapters: list[tuple[Adapter, Doing]] = [
        (LiveKitAdapter(LiveKitSettings()), busy),
        (BigBlueButtonWebhooks(BigBlueButtonSettings()), troubled),
        (JitsiMeet(JitsiSettings()), Doing()),
    ]
    return platforms.view(adapters, alone=True, now=now, words=words)
