(() => {
  "use strict";
  const DAY = 86400000, NARROW = 640;
  const figures = JSON.parse(document.getElementById("drawings").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const coloured = (value, key) => {  // "--price" as a colour stands for the page's own
    if (typeof value === "string") return /colou?r/.test(key) && value.startsWith("--") ? colour(value) : value;
    if (Array.isArray(value)) return typeof value[0] === "number" && !/colou?r/.test(key) ? value : value.map((item) => coloured(item, key));
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, coloured(item, name)]));
  };
  const timed = Object.keys(figures).filter((id) => figures[id].layout.meta === "time");
  let span = null;  // what the curves show: [first, last], or null for all
  const draw = () => {
    for (const [id, figure] of Object.entries(figures)) {
      const place = document.getElementById(id);
      const narrow = place.clientWidth < NARROW;
      const layout = coloured(figure.layout, "layout");
      layout.margin = { l: narrow ? 46 : 62, r: narrow ? 10 : 16, t: narrow ? 8 : 24, b: figure.layout.xaxis.title.text ? 42 : 26 };
      layout.font.size = narrow ? 11 : 12;
      layout.xaxis.nticks = narrow ? 5 : 10;
      layout.yaxis.nticks = 6;
      if (layout.yaxis.title && narrow) layout.yaxis.title = { text: "" };
      if (span && timed.includes(id)) layout.xaxis.range = span;
      Plotly.react(id, coloured(figure.data, "data"), layout, {
        responsive: true, displaylogo: false, scrollZoom: false,
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        displayModeBar: narrow ? false : "hover",
      });
    }
  };
  const show = (range) => {
    span = range;
    for (const id of timed) Plotly.relayout(id, { "xaxis.range": range || figures[id].layout.xaxis.range.slice() });
  };
  const follow = () => {
    for (const id of timed) {
      const place = document.getElementById(id);
      place.on("plotly_relayout", (change) => {
        if (change["xaxis.range"]) return;  // from here
        if (change["xaxis.range[0]"] !== undefined) show([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
        else if (change["xaxis.autorange"]) show(null);
      });
      place.on("plotly_doubleclick", () => { show(null); return false; });
    }
  };
  const spans = () => {  // by keyboard what dragging does by hand
    const choice = document.getElementById("span");
    const [first, last] = figures[timed[0]].layout.xaxis.range;
    const add = (text, days) => choice.add(new Option(text, String(days)));
    add("the whole run", 0);
    for (const days of [365, 90, 30, 7, 1]) if (last - first > 1.5 * days * DAY) add(`the last ${days} day${days > 1 ? "s" : ""}`, days);
    choice.addEventListener("change", () => {
      const days = Number(choice.value);
      show(days ? [last - days * DAY, last] : null);
    });
  };
  draw();
  follow();
  spans();
  dark.addEventListener("change", draw);
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    const crossed = (width < NARROW) !== (window.innerWidth < NARROW);
    width = window.innerWidth;
    if (crossed) draw();
  });
  window.addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
})();
