/**
 * Answers and dismissals on their way: in memory only, in order, each repeated with the same key and body.
 *
 * `report(job, outcome, detail)` hears `stored` (the service's answer), `waiting`, `token`, `closed` or `refused`
 * (a Failure). Waiting jobs stay; the others leave, but for `token`, which waits for `wake()`.
 */
const CONFLICTS_BELIEVED_AFTER = 3;

class Outbox {
  #jobs = [];
  #running = false;
  #timer = 0;
  #service = null;
  #report;

  constructor(report) {
    this.#report = report;
  }

  /** Sends through this service from now on, and at once. */
  use(service) {
    this.#service = service;
    this.wake();
  }

  has(prompt) {
    return this.#jobs.some((job) => job.prompt === prompt);
  }

  /** `job`: kind, prompt, path, body (text), key. */
  add(job) {
    this.#jobs.push({ ...job, tries: 0, conflicts: 0 });
    this.wake();
  }

  /** Tries now instead of when the wait is over. */
  wake() {
    clearTimeout(this.#timer);
    if (!this.#running) this.#run();
  }

  /** The page goes away: a last try for what waits, without its turn; the browser ends it without the page. */
  flush() {
    const waiting = this.#running ? this.#jobs.slice(1) : this.#jobs;
    // If the page comes back, each job is judged by its next try: the same key is stored once.
    for (const job of this.#service ? waiting : []) this.#service.post(job.path, job.body, job.key).catch(() => null);
  }

  async #run() {
    this.#running = true;
    while (this.#jobs.length && this.#service) {
      const job = this.#jobs[0];
      const service = this.#service;
      job.tries += 1;
      let outcome = "stored";
      let detail;
      try {
        detail = await service.post(job.path, job.body, job.key);
      } catch (failure) {
        if (!(failure instanceof Failure)) throw failure;
        detail = failure;
        outcome = this.#judge(job, failure);
      }
      if (outcome === "token" && service !== this.#service) continue;
      if (outcome === "waiting" || outcome === "token") {
        if (outcome === "waiting") {
          this.#timer = setTimeout(() => this.wake(), Math.max(detail.wait, backoff(job.tries)));
        }
        this.#running = false;
        this.#report(job, outcome, detail);
        return;
      }
      this.#jobs.shift();
      this.#report(job, outcome, detail);
    }
    this.#running = false;
  }

  /**
   * A 409 on the first try cannot be our own request still in progress: the prompt is closed. On a later try it
   * can be, so it is believed only when it stays.
   */
  #judge(job, failure) {
    if (failure.kind === "network" || failure.kind === "service") return "waiting";
    if (failure.kind === "token") return "token";
    if (failure.kind === "gone") return "closed";
    if (failure.kind === "refused") return "refused";
    if (failure.slug === "in-progress") return "waiting";
    job.conflicts += 1;
    return job.tries > 1 && job.conflicts < CONFLICTS_BELIEVED_AFTER ? "waiting" : "closed";
  }
}
