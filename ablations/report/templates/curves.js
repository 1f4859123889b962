// Curves that answer: the nearest seed's value, arms on and off, zoom by dragging.
"use strict";
for (const figure of document.querySelectorAll("[data-curves]")) {
  const data = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const tip = figure.querySelector(".tip");
  const hidden = new Set();
  for (const [kind, panels] of Object.entries(data.panels)) start(figure, kind, panels);

  function start(figure, kind, panels) {
    const svg = figure.querySelector(`[data-drawing="${kind}"] svg`);
    const make = (name, values, parent = svg) => {
      const element = document.createElementNS(svg.namespaceURI, name);
      for (const key in values) element.setAttribute(key, values[key]);
      return parent.appendChild(element);
    };
    const part = (name) => svg.querySelector(`#${kind}-${name}`);
    const dot = make("circle", { r: 3.5, class: "near", visibility: "hidden" });
    const frame = make("rect", { class: "zoom", visibility: "hidden" });
    const states = panels.map((panel, number) => prepare(panel, number));
    svg.setAttribute("role", "group");
    let drag = null;

    function prepare(panel, number) {
      const [left, top, right, bottom] = panel.box;
      const axes = part(`panel-${number}`);
      const clip = make("clipPath", { id: `${kind}-clip-${number}` }, make("defs", {}));
      make("rect", { x: left, y: top, width: right - left, height: bottom - top }, clip);
      const outside = make("g", { "clip-path": `url(#${kind}-clip-${number})` }, axes);
      const moving = make("g", { class: "moving" }, outside);
      axes.insertBefore(outside, axes.querySelector("[id*='legend_']"));
      for (const line of axes.querySelectorAll(`[id^='${kind}-panel-${number}-arm-']`)) {
        for (const path of line.querySelectorAll("[clip-path]")) path.removeAttribute("clip-path");
        moving.append(line);
      }
      data.arms.forEach((name, arm) => {
        if (!part(`panel-${number}-legend-${arm}-text`)) return;
        const entry = make("g", { role: "button", tabindex: 0, class: "entry" }, axes);
        entry.setAttribute("aria-label", `show ${name}`);
        for (const piece of ["line", "text"]) entry.append(part(`panel-${number}-legend-${arm}-${piece}`));
        const toggle = () => { hidden.has(arm) ? hidden.delete(arm) : hidden.add(arm); show(); };
        entry.addEventListener("click", toggle);
        entry.addEventListener("keydown", (event) => {
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); toggle(); }
        });
      });
      const ticks = make("g", { class: "ticks" }, axes);
      return { panel, number, axes, moving, ticks, x: panel.x, y: panel.y };
    }
    function show() {
      for (const element of figure.querySelectorAll("[id*='-arm-']")) {
        element.style.display = hidden.has(+/-arm-(\d+)-/.exec(element.id)[1]) ? "none" : "";
      }
      for (const entries of figure.querySelectorAll("[data-drawing] g")) {
        const piece = entries.classList.contains("entry") && entries.querySelector("[id*='-legend-']");
        if (piece) entries.setAttribute("aria-pressed", !hidden.has(+/-legend-(\d+)-/.exec(piece.id)[1]));
      }
      leave();
    }
    const place = (state, x, y) => {
      const [left, top, right, bottom] = state.panel.box;
      return [left + (right - left) * (x - state.x[0]) / (state.x[1] - state.x[0]),
        bottom - (bottom - top) * (y - state.y[0]) / (state.y[1] - state.y[0])];
    };
    function pointer(event) {
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      const state = states.find(({ panel: { box } }) =>
        point.x >= box[0] && point.x <= box[2] && point.y >= box[1] && point.y <= box[3]);
      return { x: point.x, y: point.y, state };
    }
    function near({ x, y, state }) {
      let best = { distance: 24 };
      for (const line of data.lines) {
        if (line.panel !== state.number || hidden.has(line.arm)) continue;
        line.x.forEach((epoch, index) => {
          if (epoch < state.x[0] || epoch > state.x[1]) return;
          const [u, v] = place(state, epoch, line.y[index]);
          const distance = Math.hypot(u - x, v - y);
          if (distance < best.distance) best = { distance, line, index, u, v };
        });
      }
      return best.line && best;
    }
    function leave() { tip.hidden = true; dot.setAttribute("visibility", "hidden"); }
    function zoom(state, x, y) {
      const [left, top, right, bottom] = state.panel.box;
      Object.assign(state, { x: state.panel.x, y: state.panel.y });
      const [u0, v0] = place(state, x[0], y[0]), [u1, v1] = place(state, x[1], y[1]);
      const a = (right - left) / (u1 - u0), d = (top - bottom) / (v1 - v0);
      state.moving.setAttribute("transform", `matrix(${a} 0 0 ${d} ${left - a * u0} ${bottom - d * v0})`);
      Object.assign(state, { x, y });
      const whole = x === state.panel.x;
      for (const tick of state.axes.querySelectorAll("[id*='tick_']")) tick.style.display = whole ? "" : "none";
      state.ticks.replaceChildren();
      for (const [ends, unit] of whole ? [] : [[x, ""], [y, " %"]]) {
        const rough = (ends[1] - ends[0]) / 6, power = 10 ** Math.floor(Math.log10(rough));
        const step = power * [1, 2, 5, 10].find((times) => power * times >= rough);
        for (let n = Math.ceil(ends[0] / step); n * step <= ends[1]; n++) {
          const [u, v] = unit ? [left - 6, place(state, x[0], n * step)[1] + 3] : [place(state, n * step, y[0])[0], bottom + 14];
          make("text", { x: u, y: v, "text-anchor": unit ? "end" : "middle" }, state.ticks).textContent = +(n * step).toPrecision(6) + unit;
        }
      }
      leave();
    }
    svg.addEventListener("pointermove", (event) => {
      const at = pointer(event);
      if (drag) return stretch(at);
      const found = at.state && near(at);
      if (!found) return leave();
      const { line, index, u, v } = found, outer = figure.getBoundingClientRect();
      for (const [key, value] of Object.entries({ cx: u, cy: v, visibility: "visible" })) dot.setAttribute(key, value);
      tip.textContent = `${data.arms[line.arm]}, seed ${line.seed}, epoch ${Math.ceil(line.x[index])}: ${line.y[index].toFixed(2)} %`;
      tip.hidden = false;
      tip.style.left = `${Math.max(0, Math.min(event.clientX - outer.left + 14, outer.width - tip.offsetWidth))}px`;
      tip.style.top = `${event.clientY - outer.top + 18}px`;
    });
    function stretch(at) {
      const { box } = drag.state.panel;
      drag.to = [Math.min(Math.max(at.x, box[0]), box[2]), Math.min(Math.max(at.y, box[1]), box[3])];
      const [x, y] = [0, 1].map((k) => Math.min(drag.from[k], drag.to[k]));
      const [width, height] = [0, 1].map((k) => Math.abs(drag.from[k] - drag.to[k]));
      for (const [key, value] of Object.entries({ x, y, width, height, visibility: "visible" })) frame.setAttribute(key, value);
    }
    svg.addEventListener("pointerleave", leave);
    svg.addEventListener("pointerdown", (event) => {
      const at = pointer(event);
      if (!data.zoom || !at.state || event.pointerType !== "mouse" || event.target.closest(".entry")) return;
      drag = { state: at.state, from: [at.x, at.y], to: [at.x, at.y] };
      leave();
    });
    addEventListener("pointerup", () => {
      const [from, to, state] = drag ? [drag.from, drag.to, drag.state] : [];
      drag = null;
      frame.setAttribute("visibility", "hidden");
      if (!state || Math.abs(from[0] - to[0]) < 8 || Math.abs(from[1] - to[1]) < 8) return;
      const [left, top, right, bottom] = state.panel.box;
      const x = [from[0], to[0]].map((u) => state.x[0] + (state.x[1] - state.x[0]) * (u - left) / (right - left));
      const y = [from[1], to[1]].map((v) => state.y[0] + (state.y[1] - state.y[0]) * (bottom - v) / (bottom - top));
      zoom(state, x.sort((p, q) => p - q), y.sort((p, q) => p - q));
    });
    svg.addEventListener("dblclick", () => states.forEach((state) => zoom(state, state.panel.x, state.panel.y)));
    addEventListener("keydown", (event) => {
      if (event.key === "Escape") states.forEach((state) => zoom(state, state.panel.x, state.panel.y));
    });
    show();
  }
}
for (const hint of document.querySelectorAll(".hint")) hint.hidden = false;
