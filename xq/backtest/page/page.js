(() => {
  "use strict";
  const figures = JSON.parse(document.getElementById("drawings").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const coloured = (value) => {  // "--price" anywhere in a figure stands for the page's own colour
    if (typeof value === "string") return value.startsWith("--") ? colour(value) : value;
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(coloured);
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, coloured(item)]));
  };
  const draw = () => {
    const narrow = window.innerWidth < 640;
    for (const [id, figure] of Object.entries(figures)) {
      const layout = coloured(figure.layout);
      layout.margin = { l: narrow ? 44 : 64, r: narrow ? 4 : 12, t: narrow ? 40 : 24, b: 36 };
      if (layout.legend) layout.legend.y = narrow ? 1.13 : 1.07;
      layout.font.size = narrow ? 11 : 12;
      Plotly.react(id, coloured(figure.data), layout, {
        responsive: true, displaylogo: false, scrollZoom: false,
        modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
        displayModeBar: narrow ? false : "hover",
      });
    }
  };
  draw();
  dark.addEventListener("change", draw);
})();
