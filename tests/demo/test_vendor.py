"""The demo's product: what it tells its pages about a pulse."""

from __future__ import annotations

from pathlib import Path

import httpx

from alliancekit.demo.run import embedded


async def test_the_therapists_page_learns_what_became_of_a_pulse_and_never_the_answer(tmp_path: Path) -> None:
    async with (
        embedded(port=0, data_dir=tmp_path, style="supportive") as (_, _, url),
        httpx.AsyncClient(base_url=url, trust_env=False) as page,
    ):
        seats = {
            role: (await page.post("/demo/join", json={"role": role})).json()
            for role in ("therapist", "client")
        }
        session, token = seats["client"]["session"], seats["client"]["token"]
        client = {"Authorization": f"Bearer {token}"}

        async def asked() -> str:
            [pulse] = (await page.post("/demo/pulse", json={"session": session})).json()["prompts"]
            return str(pulse)

        async def told(prompt: str) -> dict[str, str]:
            body = {"session": session, "prompt": prompt}
            reply: dict[str, str] = (await page.post("/demo/pulse/status", json=body)).json()
            return reply

        first = await asked()
        assert await told(first) == {"status": "open"}
        assert (await page.post("/demo/pulse", json={"session": session})).json() == {"prompts": []}
        await page.post(f"/v1/prompts/{first}/dismiss", json={"reason": "skip"}, headers=client)
        assert await told(first) == {"status": "dismissed"}

        second = await asked()
        item = (await page.get("/v1/prompts/current", headers=client)).json()["prompt"]["instruments"][0]
        answers = {"prompt": second, "answers": {"pulse": {item["items"][0]["id"]: 4}}}
        reply = await page.post("/v1/responses", json=answers, headers={**client, "Idempotency-Key": "k"})
        assert reply.status_code == 201
        assert await told(second) == {"status": "answered"}
        assert await told("prm_of_nobody") == {"status": "cancelled"}
