/**
 * Plays Jitsi's part where no Jitsi server is at hand: the constructor, listeners and events of its IFrame API that
 * vendor_jitsi.html uses (Jitsi handbook, IFrame API). There is no video: a coloured wall and a button to hang up.
 */
window.JitsiMeetExternalAPI = class {
  #heard = [];
  #wall = document.createElement("div");

  constructor(domain, { roomName, parentNode }) {
    const hangUp = document.createElement("button");
    hangUp.textContent = "Hang up";
    hangUp.style.background = "#b3261e";
    hangUp.style.color = "#fff";
    const words = document.createElement("p");
    words.textContent = "This is where Jitsi's picture would be.";
    Object.assign(this.#wall.style, {
      height: "100%", display: "flex", flexDirection: "column", alignItems: "center", justifyContent: "end",
      gap: "1rem", padding: "1.5rem", background: "linear-gradient(160deg, #2b4a57, #16242b)", color: "#e8ecea",
    });
    words.style.margin = "auto";
    this.#wall.append(words, hangUp);
    parentNode.append(this.#wall);
    hangUp.addEventListener("click", () => {
      this.#say("videoConferenceLeft", { roomName });
      this.#say("readyToClose", {});
    });
    setTimeout(() => this.#say("videoConferenceJoined", { roomName, id: "10a52c3f", displayName: "" }), 300);
  }

  addListener(name, heard) {
    this.#heard.push([name, heard]);
  }

  removeListener(name, heard) {
    this.#heard = this.#heard.filter((one) => one[0] !== name || one[1] !== heard);
  }

  executeCommand() {}

  dispose() {
    this.#wall.remove();
  }

  #say(name, data) {
    for (const [wanted, heard] of [...this.#heard]) if (wanted === name) heard(data);
  }
};
