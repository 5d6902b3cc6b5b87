/**
 * What became of the prompts of this tab, so that a page that was closed too early can say so when it comes back:
 * `begun` (something was answered) or `confirmed` (it was to be sent). Ids of prompts only, never an answer.
 */
const MARK = "alliancekit:";

function markOf(prompt) {
  try {
    return sessionStorage.getItem(MARK + prompt);
  } catch {
    return null;
  }
}

/** Without storage, as in some private windows, a page that comes back says nothing. */
function setMark(prompt, what) {
  try {
    if (what) sessionStorage.setItem(MARK + prompt, what);
    else sessionStorage.removeItem(MARK + prompt);
  } catch {
    return;
  }
}
