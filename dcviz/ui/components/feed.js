// What is new of a run that goes on, asked for beside streamlit (dcviz/ui/feed.py): nobody runs the page for it.

const REST = 0.05; // seconds between an answer and the next question, at least
const PATIENCE = 2000; // ms that the page is given to run before it is asked again: another question would stop it
const here = import.meta.url; // of a file of this component, three folders below the app

export class Feed {
  constructor({ view, take, look }) {
    Object.assign(this, { view, take, look }); // what is looked at; where news go; how to have the page run
    this.said = null; // what the page says of it; null: nothing goes on
    this.timer = null;
    this.looked = -Infinity; // when the page was last asked to run, for what it says now
    this.onSight = () => !document.hidden && this.said && this.ask();
    document.addEventListener("visibilitychange", this.onSight);
  }

  follow(said) {
    if (!said) return this.stop();
    const going = Boolean(this.said);
    if (said.address !== this.said?.address) this.looked = -Infinity;
    this.said = said;
    return going ? undefined : this.again(said.every);
  }

  stop() {
    clearTimeout(this.timer);
    this.said = null;
  }

  close() {
    this.stop();
    document.removeEventListener("visibilitychange", this.onSight);
  }

  again(seconds) {
    clearTimeout(this.timer);
    if (this.said && !document.hidden) this.timer = setTimeout(() => this.ask(), 1000 * seconds);
  }

  async ask() {
    clearTimeout(this.timer);
    const { said } = this;
    const began = performance.now();
    const question = this.question(said);
    const known = question === this.known?.question ? this.known.mark : "";
    const found = await asked(known ? `${question}&mark=${known}` : question);
    if (said.address !== this.said?.address) return this.again(REST); // it is another's by now
    if (found?.stage) {
      this.known = { question, mark: found.mark };
      this.take(found);
    }
    if (!found) this.look();
    else if (found.look && began - this.looked > PATIENCE) {
      this.looked = performance.now();
      this.look();
    }
    const taken = (performance.now() - began) / 1000;
    return this.again(Math.max(REST, (found?.every ?? said.every) - taken));
  }

  question(said) {
    const url = new URL(`../../../${said.address}`, here);
    for (const [name, value] of Object.entries(this.view())) if (value !== null) url.searchParams.set(name, String(value));
    return url.href;
  }
}

async function asked(url) {
  // null where nobody answers: then it is the page that shows what is new.
  try {
    const answer = await fetch(url);
    return answer.ok ? await answer.json() : null;
  } catch {
    return null;
  }
}
