"use strict";
const body = document.querySelector(".board tbody");
const heads = [...document.querySelectorAll(".board thead th[data-sort]")];
const select = document.querySelector(".sorting select");

// Rows without a value stay last in both directions.
function sort(column, descending) {
  const value = (row) => {
    const cell = row.cells[column];
    return "value" in cell.dataset ? Number(cell.dataset.value) : cell.dataset.text ?? "";
  };
  const rows = [...body.rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)];
    if (x === "" || y === "") return (x === "") - (y === "");
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), "en", { numeric: true });
    return descending ? -order : order;
  });
  body.append(...rows);
  for (const head of heads) head.removeAttribute("aria-sort");
  const head = heads.find((h) => h.cellIndex === column);
  head.setAttribute("aria-sort", descending ? "descending" : "ascending");
  select.value = String(column);
}

for (const head of heads) {
  head.querySelector("button").addEventListener("click", () => {
    const now = head.getAttribute("aria-sort");
    const first = head.dataset.sort === "descending";
    sort(head.cellIndex, now ? now === "ascending" : first);
  });
}
select.addEventListener("change", () => {
  const head = heads.find((h) => String(h.cellIndex) === select.value);
  sort(head.cellIndex, head.dataset.sort === "descending");
});
document.documentElement.classList.add("drawn");
