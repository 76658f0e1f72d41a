"""Swagger UI shows our document in a real browser, under our content security policy and from our server alone."""

from __future__ import annotations

from playwright.async_api import Browser

from .deployment import Deployment


async def test_the_api_can_be_read_and_tried_without_any_other_network(
    browser: Browser, deployment: Deployment
) -> None:
    page = await browser.new_page()
    problems: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{deployment.url}/docs")

    version = page.locator("#operations-server-server_version")
    await version.click()
    await version.get_by_role("button", name="Try it out").click()
    await version.get_by_role("button", name="Execute").click()
    await version.locator(".live-responses-table").get_by_text('"mediasoup"').wait_for()
    assert problems == []
    assert [url for url in asked if not url.startswith((deployment.url, "data:"))] == []
    assert f"{deployment.url}/api/version" in asked
    await page.close()
