// Logging in: by the link of `yardctl dashboard`, or with a credential file. The private key in the file is used here, in the browser, to sign
// a challenge; it is never sent.
import { useEffect, useState, type FormEvent } from "react";
import { get, messageOf, post } from "./api";
import type { Me } from "./types";

const kPrefix = "switchyard-dashboard-login:";

function pem(text: string, kind: string): string {
  const found = new RegExp(`-----BEGIN ${kind}-----[^-]+-----END ${kind}-----`).exec(text);
  if (!found) throw new Error(`This is not a credential file: it has no ${kind.toLowerCase()}.`);
  return found[0];
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replace(/-----[^-]+-----/g, "").replace(/\s+/g, ""));
  return Uint8Array.from(raw, (letter) => letter.charCodeAt(0));
}

async function loginWithFile(text: string): Promise<Me> {
  // The CA's certificate comes first in the file; the person's own stands under `certificate:`.
  const certificate = pem(text.slice(Math.max(0, text.indexOf("\ncertificate:"))), "CERTIFICATE");
  const key = await crypto.subtle.importKey("pkcs8", decode(pem(text, "PRIVATE KEY")), { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
  const { challenge } = await get<{ challenge: string }>("/api/login");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, new TextEncoder().encode(kPrefix + challenge));
  const hex = [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return post<Me>("/api/login", { challenge, certificate, signature: hex });
}

export function Login({ onLogin, note }: { onLogin: (me: Me) => void; note?: string }) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  const attempt = (login: Promise<Me>) => {
    setBusy(true);
    setError("");
    login.then(onLogin).catch((cause: unknown) => setError(messageOf(cause))).finally(() => setBusy(false));
  };

  useEffect(() => {
    const code = /^#login=([0-9a-f]+)$/.exec(location.hash)?.[1];
    if (!code) return;
    // Out of the address line and the history before anything else.
    history.replaceState(null, "", location.pathname);
    attempt(post<Me>("/api/login", { code }));
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, []);

  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const file = form.get("file");
    const pasted = String(form.get("text") ?? "");
    if (pasted.trim()) attempt(loginWithFile(pasted));
    else if (file instanceof File && file.size > 0) attempt(file.text().then(loginWithFile));
    else setError("Choose a credential file, or paste its text.");
  };

  return (
    <main className="login">
      <h1>Switchyard</h1>
      {note ? <p role="status">{note}</p> : null}
      <section className="card">
        <h2>Log in</h2>
        <p>Run <code>yardctl dashboard</code> and open the link that it prints. Or use a credential file, such as <code>admin.credential</code> in the controller’s data directory:</p>
        <form onSubmit={submit}>
          <label>Credential file<input type="file" name="file" /></label>
          <details>
            <summary>Or paste its text</summary>
            <label>Text of the credential<textarea name="text" rows={6} spellCheck={false} autoComplete="off" /></label>
          </details>
          <button type="submit" className="primary" disabled={busy}>{busy ? "Logging in…" : "Log in"}</button>
        </form>
        {error ? <p className="failure" role="alert">{error}</p> : null}
        <p className="muted">The private key stays in this browser: it signs a challenge and is not sent.</p>
      </section>
    </main>
  );
}
