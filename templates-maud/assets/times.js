// Times as their reader tells them: the zone goes to the server in a cookie, once; what is lately past is told as such.
(() => {
  "use strict";
  const name = "zephyr_zone";
  if (!document.cookie.split("; ").some((pair) => pair.startsWith(name + "="))) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const secure = window.location.protocol === "https:" ? "; Secure" : "";
    if (zone) document.cookie = `${name}=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }

  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const longest = 7 * 86400;
  const told = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: "auto", style: "short" });
  const tell = (time) => {
    const past = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (!(past >= 0 && past < longest)) return;
    const [unit, length] = units.find((known) => past >= known[1]) || ["second", 1];
    time.textContent = told.format(-Math.floor(past / length), unit);
  };
  const tellAll = (root) => { for (const time of root.querySelectorAll("time[data-ago]")) tell(time); };

  zephyr.bring(tellAll);
  zephyr.tell = tellAll;
  setInterval(() => { if (!document.hidden) tellAll(document); }, 30000);
})();
