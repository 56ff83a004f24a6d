// In the navigation of the reference, names of namespaces that unfold are links as well. A link has no place inside of what is clicked to unfold: it becomes
// the first entry of what is unfolded.
new MutationObserver(() => {
  for (const link of document.querySelectorAll("details > summary > a")) {
    const summary = link.parentElement;
    const list = summary.parentElement.querySelector("ul");
    if (list === null) continue;
    const name = document.createElement("span");
    for (const child of link.childNodes) name.append(child.cloneNode(true));
    summary.append(name);
    const entry = document.createElement("li");
    entry.append(link);
    list.prepend(entry);
  }
}).observe(document.documentElement, { childList: true, subtree: true });
