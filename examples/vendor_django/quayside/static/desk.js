/** The list stays current while the desk is open. */
setInterval(async () => {
  if (document.hidden) return;
  const reply = await fetch(location.href).catch(() => null);
  if (!reply?.ok) return;
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  document.querySelector("#visits").replaceChildren(...page.querySelector("#visits").children);
}, 2000);
