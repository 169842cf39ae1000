// node docs.mjs ADDRESS KEY: opens /docs in Chromium and sends the upsert's example as the page shows it. Prints the
// results as JSON; the test suite compares them.
import { chromium } from "playwright-core";

const [address, key] = process.argv.slice(2);
const origin = new URL(address).origin;
const browser = await chromium.launch({
  executablePath: process.env.ROSTER_TEST_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(90_000);
  const complaints = [];
  const elsewhere = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => /^(https?|wss?):/.test(request.url()) && new URL(request.url()).origin !== origin && elsewhere.push(request.url()));
  await page.exposeFunction("complain", (text) => complaints.push(text));
  // A library in the page tries once to compile code from text. The policy forbids it, and the library does without.
  await page.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      event.blockedURI !== "eval" && window.complain(`${event.violatedDirective}: ${event.blockedURI}`)));

  await page.goto(new URL("/docs/#tag/partners/PUT/api/partners", address).href);
  await page.getByPlaceholder("Token").fill(key);
  await page.getByRole("button", { name: /Test Request.*\(put \/api\/partners\)/is }).click();
  const answered = page.waitForResponse((response) => response.request().method() === "PUT");
  await page.getByRole("button", { name: /^Send Request|^Send\b/ }).first().click();
  const answer = await answered;
  await page.getByText("200 OK").first().waitFor();
  if (process.env.ROSTER_TEST_SCREENSHOT) await page.screenshot({ path: process.env.ROSTER_TEST_SCREENSHOT });
  const partners = await answer.json();
  console.log(JSON.stringify({ status: answer.status(), names: partners.map((partner) => partner.name), complaints, elsewhere }));
} finally {
  await browser.close();
}
