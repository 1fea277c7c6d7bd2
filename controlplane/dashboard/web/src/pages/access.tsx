// Access: who may join, who may do what, and what was done.
import { useState, type FormEvent } from "react";
import { post } from "../api";
import { ago, clock, until, word } from "../format";
import { List } from "../list";
import type { AdminAction, CredentialInfo, Me, TokenInfo } from "../types";
import { Badge, Card, Copy, Dialog, Failure, Loading, useRead } from "../widgets";

export function AccessPage({ me }: { me: Me }) {
  const [turn, setTurn] = useState(0);
  const changed = () => setTurn((t) => t + 1);
  if (me.level < 3) return <p className="empty">Tokens, credentials and actions are for admins. You are logged in as {me.role}.</p>;
  return (
    <>
      <h1>Access</h1>
      <Tokens turn={turn} onChanged={changed} />
      <Credentials turn={turn} onChanged={changed} />
      <Actions turn={turn} />
    </>
  );
}

function Tokens({ turn, onChanged }: { turn: number; onChanged: () => void }) {
  const { value, error } = useRead<{ tokens: TokenInfo[] }>("/api/tokens", {}, turn);
  const [made, setMade] = useState("");
  const [failure, setFailure] = useState<unknown>();
  const create = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    post<{ token: string }>("/api/tokens", { uses: String(form.get("uses")), ttl: String(form.get("ttl")), description: String(form.get("description")) })
      .then(({ token }) => { setMade(token); setFailure(undefined); onChanged(); })
      .catch(setFailure);
  };
  const revoke = (id: string) => void post("/api/tokens/revoke", { id }).then(onChanged).catch(setFailure);
  return (
    <Card title="Join tokens">
      <p className="muted">An agent trades a token for its certificate. The controller keeps only a hash.</p>
      <form className="row" onSubmit={create}>
        <label>Agents<input name="uses" type="number" min={1} max={100000} defaultValue={1} required /></label>
        <label>Valid for<select name="ttl" defaultValue="1h"><option value="1h">1 hour</option><option value="24h">1 day</option><option value="168h">7 days</option></select></label>
        <label className="grow">Description<input name="description" type="text" maxLength={128} /></label>
        <button type="submit" className="primary">Make a token</button>
      </form>
      <Failure error={failure ?? error} />
      {value ? (
        <List label="Join tokens" rows={value.tokens} keyOf={(token) => token.id} most={6} empty="No token can be used now."
          columns={[
            { key: "id", title: "Id", width: "minmax(6rem, 1fr)", cell: (token) => <code>{token.id}</code> },
            { key: "uses", title: "Uses left", width: "5rem", numeric: true, middle: true, cell: (token) => token.uses_left },
            { key: "expires", title: "Expires", width: "minmax(5rem, 8rem)", wide: true, cell: (token) => <span title={clock(token.expires)}>{until(token.expires)}</span> },
            { key: "description", title: "Description", width: "minmax(6rem, 2fr)", wide: true, cell: (token) => token.description },
            { key: "end", title: "", width: "5.5rem", cell: (token) => <button type="button" className="quiet" aria-label={`Revoke token ${token.id}`} onClick={() => revoke(token.id)}>Revoke</button> },
          ]} />
      ) : <Loading what="tokens" />}
      {made ? (
        <Dialog title="Join token" onClose={() => setMade("")}>
          <p>Shown once. On each host:</p>
          <pre tabIndex={0}>yard-agent --controller HOST:PORT --join-token {made}</pre>
          <div className="row end"><Copy text={made} label="Copy token" /><button type="button" className="primary" onClick={() => setMade("")}>Done</button></div>
        </Dialog>
      ) : null}
    </Card>
  );
}

function Credentials({ turn, onChanged }: { turn: number; onChanged: () => void }) {
  const { value, error } = useRead<{ credentials: CredentialInfo[] }>("/api/credentials", {}, turn);
  const [made, setMade] = useState<{ file: string; name: string }>();
  const [asked, setAsked] = useState<CredentialInfo>();
  const [failure, setFailure] = useState<unknown>();
  const create = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get("name"));
    post<{ file: string }>("/api/credentials", { name, role: String(form.get("role")), ttl: String(form.get("ttl")) })
      .then(({ file }) => { setMade({ file, name }); setFailure(undefined); onChanged(); })
      .catch(setFailure);
  };
  const revoke = (id: string) => {
    setAsked(undefined);
    void post("/api/credentials/revoke", { id }).then(onChanged).catch(setFailure);
  };
  return (
    <Card title="Credentials">
      <p className="muted">Viewers see, operators change the configuration, admins also give access. The controller’s own <code>admin.credential</code> is not in this list.</p>
      <form className="row" onSubmit={create}>
        <label className="grow">Name<input name="name" type="text" required maxLength={63} pattern="[a-z0-9]([a-z0-9.\-]*[a-z0-9])?" title="lower-case letters, digits, - and ." /></label>
        <label>Role<select name="role" defaultValue="viewer"><option value="viewer">viewer</option><option value="operator">operator</option><option value="admin">admin</option></select></label>
        <label>Valid for<select name="ttl" defaultValue="2160h"><option value="24h">1 day</option><option value="720h">30 days</option><option value="2160h">90 days</option><option value="8760h">365 days</option></select></label>
        <button type="submit" className="primary">Make a credential</button>
      </form>
      <Failure error={failure ?? error} />
      {value ? (
        <List label="Credentials" rows={value.credentials} keyOf={(one) => one.id} most={8} empty="None was made yet."
          columns={[
            { key: "name", title: "Name", width: "minmax(6rem, 2fr)", value: (one) => one.name, cell: (one) => one.name },
            { key: "role", title: "Role", width: "5rem", value: (one) => one.role, cell: (one) => word(one.role) },
            { key: "end", title: "Ends", width: "minmax(5rem, 8rem)", middle: true, value: (one) => Date.parse(one.not_after), cell: (one) => <span title={clock(one.not_after)}>{until(one.not_after)}</span> },
            { key: "by", title: "Made by", width: "minmax(5rem, 1fr)", wide: true, cell: (one) => `${one.created_by}, ${ago(one.created)}` },
            { key: "revoke", title: "", width: "7rem", cell: (one) => (one.revoked ? <Badge tone="bad">revoked</Badge> : <button type="button" className="quiet" aria-label={`Revoke the credential of ${one.name}`} onClick={() => setAsked(one)}>Revoke</button>) },
          ]} />
      ) : <Loading what="credentials" />}
      {asked ? (
        <Dialog title={`Revoke the credential of ${asked.name}?`} onClose={() => setAsked(undefined)}>
          <p>It is refused from now on, and its sessions on the dashboard end. This cannot be taken back.</p>
          <div className="row end"><button type="button" onClick={() => setAsked(undefined)}>Cancel</button><button type="button" className="primary danger" onClick={() => revoke(asked.id)}>Revoke</button></div>
        </Dialog>
      ) : null}
      {made ? (
        <Dialog title={`Credential of ${made.name}`} onClose={() => setMade(undefined)}>
          <p>Shown once. It holds a private key: give it to {made.name} and nobody else. It is for <code>yardctl --credential FILE</code> and for logging in here.</p>
          <pre tabIndex={0} className="short">{made.file}</pre>
          <div className="row end"><Copy text={made.file} label="Copy file" /><button type="button" className="primary" onClick={() => setMade(undefined)}>Done</button></div>
        </Dialog>
      ) : null}
    </Card>
  );
}

function Actions({ turn }: { turn: number }) {
  const { value, error } = useRead<{ actions: AdminAction[] }>("/api/actions", { limit: 200 }, turn);
  return (
    <Card title="Recent actions">
      <Failure error={error} />
      {value ? (
        <List label="Recent actions" rows={value.actions.map((action, at) => ({ ...action, at }))} keyOf={(action) => String(action.at)} most={10} empty="None yet."
          columns={[
            { key: "time", title: "When", width: "minmax(5rem, 8rem)", middle: true, cell: (action) => <time dateTime={action.time} title={clock(action.time)}>{ago(action.time)}</time> },
            { key: "who", title: "Who", width: "minmax(4rem, 1fr)", cell: (action) => action.who },
            { key: "verb", title: "What", width: "minmax(5rem, 1fr)", cell: (action) => action.verb },
            { key: "subject", title: "About", width: "minmax(7rem, 2fr)", wide: true, cell: (action) => <span title={action.subject}>{action.subject}</span> },
            { key: "refused", title: "Result", width: "minmax(5.4rem, 2fr)", cell: (action) => (action.refused ? <span title={action.refused}><Badge tone="bad">refused</Badge> {action.refused}</span> : <Badge tone="good">done</Badge>) },
          ]} />
      ) : <Loading what="actions" />}
    </Card>
  );
}
