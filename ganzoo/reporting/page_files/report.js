"use strict";
const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

for (const film of document.querySelectorAll("[data-film]")) {
  const { unit, labels, uris } = JSON.parse(film.querySelector("script").textContent);
  const [image, slider, output, play] = ["img", "input", "output", "button"].map((n) => film.querySelector(n));
  const show = (k) => { image.src = uris[k]; output.textContent = `${unit} ${labels[k]}`; };
  slider.addEventListener("input", () => show(+slider.value));
  if (!play) continue;
  let timer = null;
  play.addEventListener("click", () => {
    if (timer) { clearInterval(timer); timer = null; play.textContent = "Play"; return; }
    play.textContent = "Stop";
    timer = setInterval(() => { slider.value = (+slider.value + 1) % uris.length; show(+slider.value); }, still.matches ? 600 : 110);
  });
}

const LIGHT = ["#2a6fb0", "#c9622b", "#2f8f5b", "#8b5fb5", "#b23a5c", "#7d7a2b", "#3a8f9c", "#6b6f76", "#d457b0", "#d9a400"];
const DARK = ["#7db4ea", "#f0a070", "#7cc79a", "#c3a2e6", "#ee8fa9", "#cfca7a", "#7ccbd6", "#b3b8bf", "#ff8fe0", "#b58b62"];

function draw(chart) {
  const colours = dark.matches ? DARK : LIGHT;
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const axis = { gridcolor: css("--line"), linecolor: css("--line"), zeroline: false, automargin: true, fixedrange: true };
  const traces = JSON.parse(chart.querySelector("script").textContent).map(({ colour, ...trace }) => {
    const paint = colours[colour % colours.length];
    return { ...trace, line: { ...trace.line, color: paint, width: 1.8 }, marker: { ...trace.marker, color: paint } };
  });
  const layout = {
    margin: { l: 44, r: 8, t: 8, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12, color: css("--soft") },
    xaxis: { ...axis, title: { text: "step", standoff: 4 } }, yaxis: axis,
    showlegend: traces.length > 1, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    hovermode: "x unified", hoverlabel: { bgcolor: css("--card"), font: { color: css("--ink") } },
  };
  if (chart.matches(".map")) {
    const hidden = { visible: false, fixedrange: true };
    Object.assign(layout, {
      margin: { l: 8, r: 8, t: 8, b: 8 }, xaxis: hidden, yaxis: { ...hidden, scaleanchor: "x" }, hovermode: "closest",
      showlegend: true, legend: { orientation: "h", y: -0.02, yanchor: "top", x: 0, itemsizing: "constant" },
    });
  }
  return Plotly.react(chart.querySelector(".plot"), traces, layout, { responsive: true, displayModeBar: false });
}
const drawAll = () => Promise.all([...document.querySelectorAll(".chart")].map(draw));
dark.addEventListener("change", drawAll);

const LARGE = 3;
function showThumbnails(map) {
  const { columns, width, height, gap } = JSON.parse(map.dataset.cells), plot = map.querySelector(".plot"), { style } = map.querySelector(".thumb");
  const place = (k, side) => -LARGE * (gap + k * (side + gap)) + "px";
  style.width = LARGE * width + "px";
  style.height = LARGE * height + "px";
  style.backgroundSize = LARGE * (gap + columns * (width + gap)) + "px";
  plot.on("plotly_hover", ({ points: [{ customdata: k }] }) => {
    style.backgroundPosition = `${place(k % columns, width)} ${place(Math.floor(k / columns), height)}`;
    map.querySelector(".thumb").hidden = false;
  });
  plot.on("plotly_unhover", () => { map.querySelector(".thumb").hidden = true; });
}
drawAll().then(() => document.querySelectorAll(".map").forEach(showThumbnails)).then(() => document.documentElement.classList.add("drawn"));
