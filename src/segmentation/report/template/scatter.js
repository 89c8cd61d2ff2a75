"use strict";
// Turns a cloud of points by mouse, touch and keyboard. It is drawn here, without a library: plotly.js alone
// weighs 4.7 MB, and a whole report is to stay below 5 MB.
const INK = "#333333", SOFT = "#c4c4c4", START = { yaw: -0.6, pitch: 0.35, zoom: 1 };
const KEYS = {
  ArrowLeft: { yaw: -0.1 }, ArrowRight: { yaw: 0.1 }, ArrowUp: { pitch: 0.1 }, ArrowDown: { pitch: -0.1 },
  "+": { zoom: 0.1 }, "-": { zoom: -0.1 },
};
const EDGES = [0, 1, 2].map((axis) => [[-1, -1], [-1, 1], [1, -1], [1, 1]].map(([a, b]) => [-1, 1].map((end) => {
  const corner = [a, b];
  corner.splice(axis, 0, end);
  return corner;
})));

function show(figure) {
  const canvas = figure.querySelector("canvas"), pen = canvas.getContext("2d");
  const { axes, colors, points } = JSON.parse(canvas.dataset.cloud);
  const hidden = new Set(), view = { ...START };
  let width = 0, height = 0, waiting = false;

  function place([x, y, z]) {
    const [sin, cos] = [Math.sin(view.yaw), Math.cos(view.yaw)];
    const [across, along] = [x * cos - y * sin, x * sin + y * cos];
    const [up, away] = [Math.sin(view.pitch), Math.cos(view.pitch)];
    const size = view.zoom * Math.min(width * 0.62, height) / 3.3;
    return { x: width / 2 + size * across, y: height / 2 - size * (z * away + along * up), depth: along * away - z * up };
  }

  function line(from, to, color) {
    pen.strokeStyle = color;
    pen.beginPath();
    pen.moveTo(from.x, from.y);
    pen.lineTo(to.x, to.y);
    pen.stroke();
  }

  function label(text, at, outward) {
    const [x, y] = [at.x - width / 2, at.y - height / 2], far = Math.hypot(x, y) || 1;
    pen.textAlign = x / far < -0.4 ? "right" : x / far > 0.4 ? "left" : "center";
    pen.textBaseline = y / far > 0.4 ? "top" : y / far < -0.4 ? "bottom" : "middle";
    const room = pen.measureText(text).width, shift = { right: room, left: 0, center: room / 2 }[pen.textAlign];
    const wanted = at.x + (x / far) * outward;
    pen.fillStyle = INK;
    pen.fillText(text, Math.min(Math.max(wanted, shift + 2), width - room + shift - 2), at.y + (y / far) * outward);
  }

  // Each axis is written along the edge of the box that is lowest, the upright one along the leftmost.
  function axis(number) {
    const edges = EDGES[number].map((ends) => ends.map(place));
    edges.forEach(([from, to]) => line(from, to, SOFT));
    const rank = ([from, to]) => number === 2 ? from.x + to.x : -from.y - to.y;
    const [from, to] = edges.reduce((best, edge) => (rank(edge) < rank(best) ? edge : best));
    line(from, to, INK);
    // Two axes meet in a corner: their figures stand a little way along the edge.
    const along = (share) => ({ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) });
    label(axes[number].low, along(0.09), 7);
    label(axes[number].high, along(0.91), 7);
    label(axes[number].name, along(0.5), number === 2 ? 10 : 18);
  }

  // Segments beyond eight share hues, so the shape tells each eight from the next.
  function dot({ x, y, depth, segment }) {
    const r = 3.4 - 0.7 * depth;
    pen.fillStyle = colors[segment].color;
    pen.beginPath();
    if (colors[segment].shape === 1) pen.rect(x - r, y - r, 2 * r, 2 * r);
    else if (colors[segment].shape === 2) { pen.moveTo(x, y - 1.3 * r); pen.lineTo(x + 1.2 * r, y + r); pen.lineTo(x - 1.2 * r, y + r); pen.closePath(); }
    else if (colors[segment].shape === 3) { pen.moveTo(x, y - 1.4 * r); pen.lineTo(x + 1.2 * r, y); pen.lineTo(x, y + 1.4 * r); pen.lineTo(x - 1.2 * r, y); pen.closePath(); }
    else pen.arc(x, y, r, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
  }

  function draw() {
    waiting = false;
    const ratio = window.devicePixelRatio || 1;
    [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    pen.scale(ratio, ratio);
    pen.fillStyle = "#ffffff";
    pen.fillRect(0, 0, width, height);
    pen.font = "12px system-ui, sans-serif";
    [0, 1, 2].forEach(axis);
    const shown = [];
    for (let i = 0; i < points.length; i += 4) {
      const segment = points[i + 3];
      if (!hidden.has(segment)) shown.push({ ...place([0, 1, 2].map((a) => points[i + a] / 500 - 1)), segment });
    }
    pen.strokeStyle = "rgba(255, 255, 255, 0.7)";
    pen.lineWidth = 0.6;
    shown.sort((a, b) => b.depth - a.depth).forEach(dot);
    Object.assign(canvas.dataset, { yaw: view.yaw.toFixed(2), pitch: view.pitch.toFixed(2), shown: shown.length });
  }

  function turn({ yaw = 0, pitch = 0, zoom = 0 }) {
    view.yaw += yaw;
    view.pitch = Math.min(Math.max(view.pitch + pitch, -1.57), 1.57);
    view.zoom = Math.min(Math.max(view.zoom + zoom, 0.5), 4);
    if (!waiting) requestAnimationFrame(draw);
    waiting = true;
  }

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in KEYS || event.key === "Home")) return;
    event.preventDefault();
    if (event.key === "Home") Object.assign(view, START);
    turn(KEYS[event.key] || {});
  });
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) turn({ yaw: -event.movementX / 120, pitch: event.movementY / 120 });
  });
  figure.addEventListener("change", (event) => {
    const segment = Number(event.target.dataset.segment);
    if (event.target.checked) hidden.delete(segment); else hidden.add(segment);
    turn({});
  });
  new ResizeObserver(() => turn({})).observe(canvas);
}

document.querySelectorAll("figure.cloud").forEach(show);
