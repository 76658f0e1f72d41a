// Firefox for the tests in Python, whose Playwright cannot drive a system's one: does what each line of standard input
// says, and answers with a line. `firefox.py` is at the other end. When standard input ends, so does Firefox.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const puppeteer = createRequire(new URL("../../web/package.json", import.meta.url))("puppeteer-core");

/** How long a click or the like waits for its element, in ms. */
const PATIENCE = 20_000;

const PREFERENCES = {
  // A camera and a microphone that nobody needs to own, and no question about them.
  "media.navigator.streams.fake": true,
  "permissions.default.camera": 1,
  "permissions.default.microphone": 1,
  // Nor about the screen, for which no permission is remembered: it takes the first one.
  "media.navigator.permission.disabled": true,
  // Media of this machine to itself, with its addresses as they are. It counts only with the permissions above:
  // where the question is merely not asked, Firefox uses no address but that of its default route.
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "media.autoplay.default": 0,
};

const [executablePath, display] = process.argv.slice(2);
const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: !display,
  env: { ...process.env, ...(display && { DISPLAY: display }) },
  extraPrefsFirefox: PREFERENCES,
});
const pages = new Map();

const commands = {
  async open({ page: id, initScript }) {
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    pages.set(id, page);
    page.on("pageerror", (error) => say({ page: id, problem: String(error) }));
    page.on("console", (message) => {
      if (message.type() === "error") say({ page: id, problem: message.text() });
    });
    if (initScript) await page.evaluateOnNewDocument(initScript);
  },
  goto: ({ page, url }) => pages.get(page).goto(url).then(nothing),
  evaluate: ({ page, expression }) => pages.get(page).evaluate(expression),
  click: ({ page, selector }) => element(page, selector).click(),
  fill: ({ page, selector, text }) => element(page, selector).fill(text),
  wait: ({ page, selector }) => element(page, selector).wait().then(nothing),
};

function element(page, selector) {
  return pages.get(page).locator(selector).setTimeout(PATIENCE);
}

/** For what has a result that is no JSON. */
function nothing() {}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function obey({ id, command, ...data }) {
  try {
    say({ id, value: (await commands[command](data)) ?? null });
  } catch (error) {
    say({ id, error: String(error) });
  }
}

say({ version: await browser.version() });
for await (const line of createInterface({ input: process.stdin })) void obey(JSON.parse(line));
await browser.close();
