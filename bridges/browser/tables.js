// Every table of a document with headers, real or by role, open shadow roots included: what it is called and its
// rows. A table that only lays out other tables is skipped; so are rows that nobody can see.
const tables = (scope) => {
  const tidy = (text) => (text ?? "").replace(/\s+/g, " ").trim();
  const text = (cell) => {
    const field = cell.querySelector("input:not([type=hidden]):not([type=password]),select,textarea");
    const own = tidy(cell.innerText ?? cell.textContent);
    if (own && field?.tagName !== "SELECT") return own;
    if (field?.tagName === "SELECT") return tidy([...field.selectedOptions].map((o) => o.label).join(", "));
    if (field && ["checkbox", "radio"].includes(field.type)) return field.checked ? "checked" : "";
    return own || tidy(field?.value);
  };
  const TABLE = "table,[role=table],[role=grid],[role=treegrid]";
  const found = [];
  const walk = (root) => {
    if (root.matches?.(TABLE)) found.push(root);
    found.push(...root.querySelectorAll(TABLE));
    for (const node of root.querySelectorAll("*")) if (node.shadowRoot) walk(node.shadowRoot);
    if (root.shadowRoot) walk(root.shadowRoot);
  };
  // A cell that is not laid out takes no column either; one that is merely unseen keeps its column and says nothing.
  const visible = (node) =>
    node.getClientRects().length > 0 ||
    (getComputedStyle(node).display === "contents" && (!node.parentElement || visible(node.parentElement)));
  const nearest = (node) => node.parentElement?.closest(TABLE);
  const isHeader = (cell) => cell.getAttribute("role") === "columnheader" || (cell.tagName === "TH" && !cell.role);
  const CELL = "[role=cell],[role=gridcell],[role=columnheader],[role=rowheader],td,th";
  const ofRow = (row) => [...row.querySelectorAll(CELL)].filter((cell) => cell.closest("[role=row],tr") === row);
  const cellsOf = (row) => (row.cells ? [...row.cells] : ofRow(row)).filter(visible);

  const grid = (table) => {
    const rows = [...table.querySelectorAll("tr,[role=row]")].filter((r) => nearest(r) === table && visible(r));
    const carried = []; // cells that span down
    const widest = Math.max(1, ...rows.map((row) => cellsOf(row).length)); // "all of them" is often written as 100
    return rows.map((row) => {
      const line = [];
      const take = () => {
        while (carried[line.length]?.left > 0) {
          carried[line.length].left -= 1;
          line.push({ ...carried[line.length].cell, spanned: true });
        }
      };
      for (const node of cellsOf(row)) {
        take();
        const cell = { node, text: text(node), header: isHeader(node), head: !!node.closest("thead") };
        const wide = Math.min(widest, Math.max(1, Number(node.colSpan || node.getAttribute("aria-colspan") || 1)));
        const high = Math.max(1, Number(node.rowSpan || node.getAttribute("aria-rowspan") || 1));
        for (let i = 0; i < wide; i += 1) {
          carried[line.length] = { cell, left: high - 1 };
          line.push(i && !cell.header ? { ...cell, text: "" } : cell);
        }
      }
      take();
      return line;
    });
  };
  const caption = (table) => {
    const by = (table.getAttribute("aria-labelledby") ?? "").split(/\s+/).filter(Boolean);
    const labelled = by.map((id) => tidy(table.getRootNode().getElementById?.(id)?.textContent)).join(" ");
    return labelled || tidy(table.getAttribute("aria-label")) || tidy(table.caption?.innerText) ||
      tidy(table.getAttribute("summary")) || tidy(table.getAttribute("title"));
  };

  const holds = scope && (scope.matches(TABLE) || scope.querySelector(TABLE) || scope.shadowRoot);
  walk(scope ? (holds ? scope : (scope.closest(TABLE) ?? scope)) : document);
  const tables = [];
  for (const table of new Set(found)) {
    if (!visible(table)) continue;
    const lines = grid(table);
    const isHead = (line) => line.length > 0 && line.every((cell) => cell.header || (cell.head && !cell.text));
    const first = lines.findIndex(isHead);
    if (first < 0) continue;
    let end = first;
    while (end < lines.length && isHead(lines[end])) end += 1;
    const width = Math.max(...lines.slice(first).map((line) => line.length));
    const seen = new Map();
    const columns = Array.from({ length: width }, (_, at) => {
      const parts = lines.slice(first, end).map((line) => line[at]?.text ?? "");
      const name = [...new Set(parts.filter(Boolean))].join(" / ") || `column ${at + 1}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      return seen.get(name) > 1 ? `${name} (${seen.get(name)})` : name;
    });
    const body = lines.slice(end).filter((line) => line.length && !isHead(line));
    const said = columns.map((_, at) => lines.slice(first, end).some((l) => l[at]?.text) || body.some((l) => l[at]?.text));
    const kept = columns.map((_, at) => at).filter((at) => said[at]); // a column with neither head nor cells is padding
    const rows = body.map((line) => kept.map((at) => line[at]?.text ?? ""));
    const cells = body.map((line) => kept.map((at) => (line[at]?.node ? refs.of(line[at].node) : "")));
    const whole = Number(table.getAttribute("aria-rowcount") ?? 0);
    const scroller = [table, ...table.querySelectorAll("*")].find((e) => e.scrollHeight > e.clientHeight + 40 && /auto|scroll/.test(getComputedStyle(e).overflowY));
    const more = whole > lines.length ? `${whole - (end - first)} rows in all, ${rows.length} are drawn` : "";
    const drawn = scroller && body.length && scroller.scrollHeight > 1.5 * body.length * (scroller.querySelector("tr,[role=row]")?.offsetHeight || 1e9);
    const note = more || (drawn ? "the table draws only the rows that are scrolled to: scroll it, and read again" : "");
    tables.push({ table, id: marks.id, ref: refs.of(table), caption: caption(table), columns: kept.map((at) => columns[at]), rows, cells, note });
  }
  const innermost = tables.filter((outer) => !tables.some((t) => t !== outer && outer.table.contains(t.table)));
  return innermost.map(({ table, ...facts }) => facts);
};
