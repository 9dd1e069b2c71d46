"use strict";
// Every text goes through textContent, every image through src of an <img>: nothing from the run is ever parsed as HTML.
(() => {
  const { curves, resumed, grid } = JSON.parse(document.getElementById("payload").textContent);
  const SVG = "http://www.w3.org/2000/svg";

  function make(tag, attributes = {}, text = "", space = null) {
    const made = space ? document.createElementNS(space, tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text) made.textContent = text;
    return made;
  }
  const draw = (tag, attributes, text) => make(tag, attributes, text, SVG);
  const count = (value) => Math.round(value).toLocaleString("en");

  function short(value) {
    const size = Math.abs(value);
    if (size >= 1e9) return (value / 1e9).toPrecision(3) + "G";
    if (size >= 1e6) return (value / 1e6).toPrecision(3) + "M";
    if (size >= 1e4) return Math.round(value / 1e3) + "k";
    if (size === 0 || size >= 1e-4) return String(+value.toPrecision(3));
    return value.toExponential(1);
  }

  // ---- pictures: a slider over the moments of the training

  function pictures() {
    const cards = [...document.querySelectorAll(".card")];
    if (!cards.length || !grid.steps.length) return;
    for (const image of document.querySelectorAll("img[data-image]")) grid.images[+image.dataset.image] = image.src;
    const [controls, slider, moment, seen, play] = ["controls", "slider", "moment", "seen", "play"].map((id) => document.getElementById(id));
    const last = grid.steps.length - 1;
    const put = (image, at) => (at >= 0 ? (image.src = grid.images[at]) : image.removeAttribute("src"));

    function show() {
      const at = +slider.value;
      moment.textContent = "step " + count(grid.steps[at]) + " of " + count(grid.steps[last]);
      cards.forEach((card, row) => {
        const [svg, png] = grid.frames[row][at];
        const picture = seen.checked ? png : svg;
        card.querySelectorAll(".target").forEach((image) => put(image, grid.targets[row]));
        card.querySelectorAll(".svg").forEach((image) => put(image, picture));
        card.querySelector(".error").classList.toggle("absent", picture < 0 || grid.targets[row] < 0);
      });
    }

    let timer = 0;
    const pause = () => { clearInterval(timer); timer = 0; play.textContent = "\u25B6"; };
    function advance() {
      if (+slider.value >= last) return pause();
      slider.value = +slider.value + 1;
      show();
    }
    play.addEventListener("click", () => {
      if (timer) return pause();
      if (+slider.value >= last) slider.value = 0;
      play.textContent = "\u275A\u275A";
      timer = setInterval(advance, 450);
      show();
    });
    slider.max = last;
    slider.value = last;
    slider.addEventListener("input", () => { pause(); show(); });
    seen.addEventListener("change", show);
    controls.hidden = false;
    slider.hidden = play.hidden = last === 0;
    seen.parentElement.hidden = !grid.frames.some((row) => row.some(([, png]) => png >= 0));
    show();
  }

  // ---- curves

  function ticks(low, high, log) {
    if (log) {
      const found = [];
      for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
        for (const digit of high / low > 1e3 ? [1] : [1, 3]) found.push(digit * 10 ** power);
      return found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
    }
    const rough = (high - low) / 4, unit = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((digit) => digit * unit).find((value) => value >= rough);
    const found = [];
    for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at++) found.push(+(at * step).toPrecision(12));
    return found;
  }

  function chart(curve) {
    const box = make("div", { class: "chart" });
    const keys = make("div", { class: "keys" });
    const picture = draw("svg", { role: "img", "aria-label": curve.title });
    box.append(make("h3", {}, curve.title), keys, picture);
    if (curve.note) box.append(make("small", {}, curve.note));

    const points = curve.series.flatMap((series) => series.points);
    const steps = points.map((point) => point[0]), values = points.map((point) => point[1]);
    let [low, high] = [Math.min(...values), Math.max(...values)];
    const [first, end] = [Math.min(...steps), Math.max(...steps)];
    if (curve.log) { low /= 1.15; high *= 1.15; }
    else {
      const pad = (high - low) * 0.08 || Math.abs(high) * 0.1 || 1;
      // Quantities begin at zero where that wastes little room.
      low = low >= 0 && low - pad < high * 0.35 ? 0 : low - pad;
      high += pad;
    }
    const level = (value) => (curve.log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));

    function tell(at) {
      keys.replaceChildren(...curve.series.map((series, index) => {
        const point = at === null ? series.points.at(-1) : near(series.points, at);
        const key = make("span", { class: "k" + (index % 8) });
        key.append(make("i"));
        const words = make("span", {}, (curve.series.length > 1 ? series.name + " " : "") , null);
        words.style.color = "var(--soft)";
        words.append(make("b", {}, short(point[1])));
        if (index === 0) words.append(" at " + count(point[0]));
        key.append(words);
        return key;
      }));
    }
    const near = (list, at) => list.reduce((best, point) => (Math.abs(point[0] - at) < Math.abs(best[0] - at) ? point : best));

    function paint() {
      const width = Math.max(240, picture.clientWidth), height = 170, left = 46, right = 10, top = 8, bottom = 22;
      const x = (step) => left + (end > first ? (step - first) / (end - first) : 0.5) * (width - left - right);
      const y = (value) => top + (1 - level(value)) * (height - top - bottom);
      picture.replaceChildren();
      picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
      for (const value of ticks(low, high, curve.log)) {
        picture.append(draw("line", { class: "grid", x1: left, x2: width - right, y1: y(value), y2: y(value) }));
        picture.append(draw("text", { class: "tick", x: left - 6, y: y(value) + 4, "text-anchor": "end" }, short(value)));
      }
      picture.append(draw("text", { class: "tick", x: left, y: height - 5 }, count(first)));
      if (end > first) picture.append(draw("text", { class: "tick", x: width - right, y: height - 5, "text-anchor": "end" }, "step " + count(end)));
      for (const step of resumed.filter((step) => step > first && step < end)) {
        const mark = draw("line", { class: "mark", x1: x(step), x2: x(step), y1: top, y2: height - bottom });
        mark.append(draw("title", {}, "resumed from step " + count(step)));
        picture.append(mark);
      }
      curve.series.forEach((series, index) => {
        const line = series.points.map((point, at) => (at ? "L" : "M") + x(point[0]).toFixed(1) + " " + y(point[1]).toFixed(1)).join("");
        picture.append(draw("path", { class: "line k" + (index % 8), d: line }));
        if (series.points.length < 3) for (const point of series.points) picture.append(draw("circle", { class: "dot k" + (index % 8), r: 3, cx: x(point[0]), cy: y(point[1]) }));
      });
      const cursor = draw("line", { class: "cursor", y1: top, y2: height - bottom, visibility: "hidden" });
      picture.append(cursor);
      picture.onpointermove = (event) => {
        const place = event.clientX - picture.getBoundingClientRect().left;
        const at = first + ((place * width / picture.clientWidth - left) / (width - left - right)) * (end - first);
        const step = near(curve.series[0].points, at)[0];
        cursor.setAttribute("x1", x(step));
        cursor.setAttribute("x2", x(step));
        cursor.setAttribute("visibility", "visible");
        tell(step);
      };
      picture.onpointerleave = () => { cursor.setAttribute("visibility", "hidden"); tell(null); };
    }
    tell(null);
    return [box, paint];
  }

  function charts() {
    const place = document.getElementById("charts");
    const made = curves.map(chart);
    place.append(...made.map(([box]) => box));
    const paint = () => made.forEach(([, one]) => one());
    paint();
    let width = innerWidth;
    addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; paint(); } });
  }

  pictures();
  charts();
  document.documentElement.dataset.ready = "yes";
})();
