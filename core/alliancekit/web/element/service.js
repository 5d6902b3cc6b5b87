/** One request to the service, and what its failure means. */
const REQUEST_LIMIT_MS = 20_000;

/**
 * Why a request failed. `kind`: `network` (nothing, or nothing readable, came back), `service` (try again later),
 * `token`, `conflict` (409), `gone` (404, 410) or `refused` (any other 4xx). `wait` is the Retry-After in ms.
 */
class Failure extends Error {
  constructor(kind, status = 0, slug = "", wait = 0) {
    super(`${kind} ${status}`);
    Object.assign(this, { kind, status, slug, wait });
  }
}

function kindOf(status) {
  if (status === 401 || status === 403) return "token";
  if (status === 409) return "conflict";
  if (status === 404 || status === 410) return "gone";
  if (status === 408 || status === 425 || status === 429 || status >= 500) return "service";
  return "refused";
}

class Service {
  #token;

  /** `base` is an absolute URL, with or without a path. */
  constructor(base, token) {
    this.base = base.replace(/\/+$/, "");
    this.#token = token;
  }

  get liveAddress() {
    return `${this.base.replace(/^http/, "ws")}/v1/live`;
  }

  get token() {
    return this.#token;
  }

  current() {
    return this.#request("GET", "/v1/prompts/current");
  }

  /** Posts a body that is already text, so that a repetition is the same to the byte; a closing page lets it go on. */
  post(path, body, key) {
    return this.#request("POST", path, body, key);
  }

  async #request(method, path, body, key) {
    const headers = { Authorization: `Bearer ${this.#token}`, Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), REQUEST_LIMIT_MS);
    let status;
    let answer;
    let wait;
    try {
      const response = await fetch(this.base + path, {
        method, headers, body, signal: abort.signal, keepalive: method === "POST",
        cache: "no-store", credentials: "omit", redirect: "error", referrerPolicy: "no-referrer",
      });
      status = response.status;
      wait = 1000 * (Number(response.headers.get("Retry-After")) || 0);
      const text = await response.text();
      answer = response.ok && text ? JSON.parse(text) : text;
    } catch {
      throw new Failure("network");
    } finally {
      clearTimeout(timer);
    }
    if (status < 300) return answer || null;
    throw new Failure(kindOf(status), status, slugOf(answer), wait);
  }
}

/** The last part of a problem's type: `https://…/in-progress` → `in-progress`; empty when there is none. */
function slugOf(text) {
  try {
    return String(JSON.parse(text).type || "").split(/[/#:]/).pop();
  } catch {
    return "";
  }
}

/** `crypto.randomUUID` exists in secure contexts only; a clinic's plain-http intranet still needs a key. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0"));
  return hex.join("");
}

/** Milliseconds before try number `n` + 1: doubles from 1 s to 30 s, with half of it left to chance. */
function backoff(n) {
  return Math.min(30_000, 1000 * 2 ** Math.max(0, n - 1)) * (0.5 + Math.random() / 2);
}
