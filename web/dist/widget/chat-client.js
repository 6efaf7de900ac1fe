// ../packages/chat-client/src/connection.ts
var e = 1e4, t = class {
	#e;
	#t;
	#n;
	#r;
	#i;
	#a;
	#o;
	#s;
	#c;
	#l;
	#u;
	constructor(t) {
		this.options = t, this.open = !1, this.#e = null, this.#t = !1, this.#n = !1, this.#r = 0, this.#i = 0, this.#a = 0, this.#o = 0, this.#s = e;
	}
	start() {
		this.#t || (this.#t = !0, this.#r = 0, this.#d());
	}
	stop() {
		this.#t = !1, clearTimeout(this.#c), this.#h();
	}
	hurry() {
		this.#t && (this.open ? this.#f(e / 2) : this.#e || (clearTimeout(this.#c), this.#d()));
	}
	send(e) {
		return !this.open || this.#e?.readyState !== 1 ? !1 : (this.#e.send(JSON.stringify(e)), this.#a = Date.now(), !0);
	}
	#d() {
		this.#n = !1;
		let t;
		try {
			t = new this.options.socket(this.options.url());
		} catch {
			this.#g(0);
			return;
		}
		this.#e = t, this.#l = setTimeout(() => this.#m(0), 1e4), t.onopen = () => {
			clearTimeout(this.#l), this.open = !0, this.#i = Date.now(), this.#u = setInterval(() => this.#p(), 2500), this.#f(e), this.options.onOpen();
		}, t.onmessage = (e) => {
			this.#i = Date.now(), this.#o = 0, this.#n = !0, this.#r = 0;
			let t = n(e.data);
			t && this.options.onFrame(t);
		}, t.onclose = (e) => this.#m(e.code), t.onerror = null;
	}
	#f(e) {
		this.#o = Date.now(), this.#s = e, this.send({ type: "ping" });
	}
	#p() {
		let t = Date.now(), n = this.#o > 0 ? t - this.#o : 0, r = this.#s < e || !this.#n;
		n >= this.#s && (r || t - this.#i >= 4e4) ? this.#m(0) : this.#o === 0 && t - this.#a >= 25e3 && this.#f(e);
	}
	#m(e) {
		this.#h(), this.#g(e);
	}
	#h() {
		clearTimeout(this.#l), clearInterval(this.#u);
		let t = this.#e;
		if (this.#e = null, this.open = !1, this.#o = 0, this.#s = e, t) {
			t.onopen = t.onmessage = t.onclose = t.onerror = null;
			try {
				t.close();
			} catch {}
		}
	}
	#g(e) {
		if (!this.#t) return;
		if (e === 4401) {
			this.#t = !1, this.options.onUnauthorized();
			return;
		}
		let t = e === 1012 && this.#n;
		this.#n || this.#r++;
		let n = Math.min(15e3, 500 * 2 ** Math.max(1, this.#r)), r = t ? 0 : 500 + Math.random() * (n - 500);
		this.#c = setTimeout(() => this.#d(), r), this.options.onDown(this.#r);
	}
};
function n(e) {
	if (typeof e != "string") return null;
	try {
		let t = JSON.parse(e);
		return typeof t == "object" && t && "type" in t ? t : null;
	} catch {
		return null;
	}
}
// ../packages/chat-client/src/emitter.ts
var r = class {
	#e = {};
	on(e, t) {
		let n = this.#e[e] ??= /* @__PURE__ */ new Set();
		return n.add(t), () => n.delete(t);
	}
	emit(e, t) {
		for (let n of [...this.#e[e] ?? []]) try {
			n(t);
		} catch (e) {
			setTimeout(() => {
				throw e;
			});
		}
	}
}, i = class extends Error {
	constructor(e, t, n, r = null) {
		super(n), this.status = e, this.code = t, this.problem = r, this.name = "ApiError";
	}
}, a = class extends Error {
	constructor(...e) {
		super(...e), this.name = "NetworkError";
	}
};
function o(e) {
	let t = e.fetch ?? globalThis.fetch.bind(globalThis);
	async function n(n, r, o) {
		let l = { Accept: "application/json" }, u = e.token?.();
		u && (l.Authorization = `Bearer ${u}`), e.language && (l["Accept-Language"] = e.language), o !== void 0 && (l["Content-Type"] = "application/json");
		let d = new AbortController(), f = setTimeout(() => d.abort(), e.timeoutMs ?? 2e4), p, m;
		try {
			p = await t(`${e.baseUrl}/api/v1${r}`, {
				method: n,
				headers: l,
				body: o === void 0 ? null : JSON.stringify(o),
				signal: d.signal,
				credentials: "omit"
			}), m = p.status === 204 ? "" : await p.text();
		} catch (e) {
			throw new a(e instanceof Error ? e.message : String(e));
		} finally {
			clearTimeout(f);
		}
		let h = s(m);
		if (p.ok) {
			if (m && h === void 0) throw new a("not JSON");
			return h;
		}
		let g = c(h) ? h : null;
		throw new i(p.status, g?.code ?? `http_${p.status}`, g?.detail ?? g?.title ?? `HTTP ${p.status}`, g);
	}
	return {
		request: n,
		get: (e) => n("GET", e),
		post: (e, t = {}) => n("POST", e, t)
	};
}
function s(e) {
	if (e) try {
		return JSON.parse(e);
	} catch {
		return;
	}
}
function c(e) {
	return typeof e == "object" && !!e && "code" in e && "title" in e;
}
// ../packages/chat-client/src/ids.ts
function l(e = globalThis.crypto) {
	return typeof e.randomUUID == "function" ? e.randomUUID() : "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (t) => {
		let n = Number(t), [r = 0] = e.getRandomValues(/* @__PURE__ */ new Uint8Array(1));
		return (n ^ r & 15 >> n / 4).toString(16);
	});
}
// ../packages/chat-client/src/outbox.ts
var u = "messages";
function d() {
	let e = /* @__PURE__ */ new Map();
	return {
		async list(t) {
			return [...e.values()].filter((e) => e.scope === t);
		},
		async put(t) {
			e.set(t.client_msg_id, t);
		},
		async remove(t) {
			e.delete(t);
		}
	};
}
function f(e = "yingda-outbox") {
	let t = d(), n = p(e).catch(() => null);
	async function r(e, t, r) {
		try {
			let i = (await n)?.transaction(u, e);
			if (!i) return await r();
			let a = t(i.objectStore(u));
			return await new Promise((e, t) => {
				i.oncomplete = () => e(a.result), i.onabort = t;
			});
		} catch {
			return r();
		}
	}
	return {
		list: (e) => r("readonly", (t) => t.index("scope").getAll(e), () => t.list(e)),
		put: (e) => r("readwrite", (t) => t.put(e), () => t.put(e)),
		remove: (e) => r("readwrite", (t) => t.delete(e), () => t.remove(e))
	};
}
function p(e) {
	return new Promise((t, n) => {
		let r = indexedDB.open(e, 1);
		r.onupgradeneeded = () => {
			r.result.createObjectStore(u, { keyPath: "client_msg_id" }).createIndex("scope", "scope");
		}, r.onsuccess = () => t(r.result), r.onerror = r.onblocked = () => n(r.error);
	});
}
// ../packages/chat-client/src/timeline.ts
var m = class {
	#e;
	#t;
	#n;
	#r;
	#i;
	constructor(e, t) {
		this.conversationId = e, this.isOwn = t, this.tail = null, this.lastSeq = 0, this.#e = /* @__PURE__ */ new Map(), this.#t = /* @__PURE__ */ new Map(), this.#n = /* @__PURE__ */ new Set(), this.#r = 0, this.#i = [];
	}
	get messages() {
		return this.#i ??= [...this.#e.values()].sort(h).map((e) => e.message), this.#i;
	}
	get oldestSeq() {
		return this.messages.find((e) => e.seq !== null)?.seq ?? null;
	}
	get(e) {
		return this.#e.get(e)?.message;
	}
	knows(e) {
		return this.#t.has(e);
	}
	apply(e) {
		let t = this.#a(e), n = this.#e.get(t), r = n?.message.own === !0 || this.isOwn(e), i = n === void 0 || n.message.status !== "sent";
		return this.#o(t, {
			...e,
			key: t,
			status: "sent",
			own: r,
			failure: null
		}, n?.local ?? 0), this.#s(e.seq), i;
	}
	applyNewest(e) {
		for (let t of e) this.apply(t);
		let t = e.reduce((e, t) => Math.max(e, t.seq ?? 0), 0);
		this.#c(Math.max(t, this.tail ?? 0));
	}
	addLocal(e) {
		this.#o(e.key, e, ++this.#r);
	}
	ack(e) {
		let t = this.#e.get(e.client_msg_id);
		if (this.#s(e.seq), !t || t.message.status === "sent") return !1;
		let { message: n } = t;
		return this.#o(n.key, {
			...n,
			id: e.message_id,
			seq: e.seq,
			anchor_seq: n.note ? this.lastSeq : null,
			created_at: e.created_at,
			status: "sent",
			failure: null
		}, t.local), !0;
	}
	setStatus(e, t, n) {
		let r = this.#e.get(e);
		return !r || r.message.status === "sent" ? !1 : (this.#o(e, {
			...r.message,
			status: t,
			failure: n
		}, r.local), !0);
	}
	remove(e) {
		this.#e.delete(e) && (this.#i = null);
	}
	get hasGap() {
		return this.tail !== null && this.#n.size > 0;
	}
	#a(e) {
		let t = this.#t.get(e.id);
		if (t !== void 0) return t;
		let n = e.client_msg_id;
		if (!n) return e.id;
		let r = this.#e.get(n);
		return r && r.message.status === "sent" && r.message.id !== e.id ? e.id : n;
	}
	#o(e, t, n) {
		this.#e.set(e, {
			message: t,
			local: n
		}), t.status === "sent" && this.#t.set(t.id, e), this.#i = null;
	}
	#s(e) {
		e !== null && (this.lastSeq = Math.max(this.lastSeq, e), this.tail !== null && e <= this.tail || (this.#n.add(e), this.tail !== null && this.#c(this.tail)));
	}
	#c(e) {
		let t = e;
		for (; this.#n.delete(t + 1);) t++;
		for (let e of this.#n) e <= t && this.#n.delete(e);
		this.tail = t, this.lastSeq = Math.max(this.lastSeq, t);
	}
};
function h(e, t) {
	let [n, r] = [g(e.message), g(t.message)];
	if (n !== r) return n - r;
	let [i, a] = [_(e.message), _(t.message)];
	if (i !== a) return i - a;
	if (e.local !== t.local) return e.local - t.local;
	let [o, s] = [e.message.created_at, t.message.created_at];
	return o === s ? e.message.id < t.message.id ? -1 : 1 : o < s ? -1 : 1;
}
function g(e) {
	return e.status === "sent" ? e.seq ?? e.anchor_seq ?? 0 : 2 ** 53 - 1;
}
function _(e) {
	return +(e.seq === null);
}
// ../packages/chat-client/src/client.ts
var v = 50, y = 2e4, b = 3e3, x = 3e3, S = 3, C = 4, w = 1e4, T = 250, E = "unavailable";
function D(e) {
	return new O(e);
}
var O = class {
	#e = new r();
	#t = /* @__PURE__ */ new Map();
	#n = /* @__PURE__ */ new Map();
	#r;
	#i;
	#a;
	#o;
	#s = "connecting";
	#c = "none";
	#l = !1;
	#u = !1;
	#d = !1;
	#f = !1;
	#p = !1;
	#m = 0;
	#h = 0;
	#g = !1;
	#_ = !1;
	#v = 0;
	#y;
	#b = null;
	constructor(e) {
		this.options = e, this.#o = e.token, this.#r = e.outbox ?? f(), this.#i = e.scope ?? `${e.baseUrl}|${e.role}|${e.token.slice(-8)}`, this.http = o({
			baseUrl: e.baseUrl,
			token: () => this.#o,
			...e.language ? { language: e.language } : {},
			...e.fetch ? { fetch: e.fetch } : {}
		}), this.#a = new t({
			url: () => M(e.baseUrl, this.#o),
			socket: e.WebSocket ?? globalThis.WebSocket,
			onOpen: () => this.#C(),
			onFrame: (e) => this.#D(e),
			onDown: (e) => this.#w(e),
			onUnauthorized: () => void this.#T()
		});
	}
	get state() {
		return this.#s;
	}
	get transport() {
		return this.#c;
	}
	on(e, t) {
		return this.#e.on(e, t);
	}
	connect() {
		this.#l || this.#u || (this.#l = !0, typeof window < "u" && (window.addEventListener("online", this.#x), window.addEventListener("offline", this.#x), document.addEventListener("visibilitychange", this.#S)), this.#W(), this.#a.start(), this.#E());
	}
	close() {
		this.#u = !0, this.#a.stop(), this.#re();
		for (let e of this.#n.values()) clearTimeout(e.timer);
		for (let e of this.#t.values()) clearTimeout(e.refreshTimer);
		typeof window < "u" && (window.removeEventListener("online", this.#x), window.removeEventListener("offline", this.#x), document.removeEventListener("visibilitychange", this.#S)), this.#E();
	}
	retryNow() {
		this.#a.hurry(), this.#g && this.#ee();
		for (let [e, t] of this.#t) t.history === "error" && this.open(e).catch(() => void 0);
	}
	setToken(e) {
		this.#o = e, this.#d = !1, !this.#l || this.#u || (this.#a.stop(), this.#a.start(), this.#E());
	}
	#x = () => {
		N() && this.retryNow(), this.#E();
	};
	#S = () => {
		document.visibilityState === "visible" && this.retryNow();
	};
	#C() {
		this.#m++, this.#E();
		for (let [e, t] of this.#t) t.syncingUntil = 0, t.sentRead = 0, t.history === "error" && this.open(e).catch(() => void 0), this.#R(e, t), this.#$(e, t), this.#m > 1 && this.#F(e, t);
		this.#G();
	}
	#w(e) {
		this.#p = !0;
		for (let e of this.#n.values()) clearTimeout(e.timer);
		for (let e of this.#t.values()) e.syncingUntil = 0;
		e >= S && !this.#g && (this.#g = !0, this.#v = 0, this.#ee()), this.#E();
	}
	async #T() {
		if (this.#f || this.#u) return;
		this.#f = !0, this.#d = !0, this.#a.stop(), this.#re(), this.#E();
		let e = null;
		try {
			e = await this.options.onUnauthorized?.();
		} finally {
			this.#f = !1;
		}
		e && !this.#u && this.setToken(e);
	}
	#E() {
		let e = this.#a.open ? "websocket" : this.#g && this.#_ ? "polling" : "none", t;
		t = this.#u || this.#d ? "offline" : e === "none" ? N() ? this.#p ? "reconnecting" : "connecting" : "offline" : "online", (t !== this.#s || e !== this.#c) && (this.#s = t, this.#c = e, this.#e.emit("state", {
			state: t,
			transport: e
		}));
	}
	#D(e) {
		switch (this.#g && (this.#re(), this.#E()), e.type) {
			case "message":
				this.#O(e.message);
				break;
			case "ack":
				this.#k(e);
				break;
			case "synced":
				this.#z(e.conversation_id, e.last_seq);
				break;
			case "error":
				e.client_msg_id && this.#n.has(e.client_msg_id) ? this.#Y(e.client_msg_id, {
					code: e.code,
					detail: e.detail
				}) : this.#e.emit("error", e);
				break;
			case "event": this.#A(e);
		}
	}
	#O(e) {
		let t = e.conversation_id;
		this.#X(e.client_msg_id);
		let n = this.#t.get(t);
		if (!n) {
			this.#e.emit("message", {
				message: e,
				live: !0
			});
			return;
		}
		let r = n.syncingUntil > 0, i = n.timeline.apply(e);
		n.timeline.hasGap && this.#R(t, n);
		let a = e.content.kind === "event" || n.conversation?.status === "resolved";
		i && a && this.#F(t, n), this.#H(t, n), i && this.#e.emit("message", {
			message: e,
			live: !r
		});
	}
	#k(e) {
		this.#X(e.client_msg_id);
		let t = this.#t.get(e.conversation_id);
		t && (t.timeline.ack(e), t.timeline.hasGap && this.#R(e.conversation_id, t), t.conversation?.status === "resolved" && this.#F(e.conversation_id, t), this.#H(e.conversation_id, t));
	}
	#A(e) {
		switch (e.event) {
			case "sync.required":
				for (let [e, t] of this.#t) this.#R(e, t), this.#F(e, t);
				break;
			case "conversation.updated": {
				let t = this.#t.get(e.conversation.id);
				if (t) {
					let n = {
						...t.conversation?.contact,
						...e.conversation.contact
					};
					t.conversation = {
						...t.conversation,
						...e.conversation,
						contact: n
					}, this.#L(t, e.conversation), this.#H(e.conversation.id, t);
				}
				break;
			}
			case "handoff.queued":
				this.#j(e.conversation_id, {
					status: "queued",
					assignee: null
				}, e.position);
				break;
			case "handoff.accepted":
				this.#j(e.conversation_id, {
					status: "assigned",
					assignee: e.agent
				});
				break;
			case "conversation.resolved":
				this.#j(e.conversation_id, { status: "resolved" });
				break;
			case "conversation.returned_to_bot":
				this.#j(e.conversation_id, {
					status: "bot",
					assignee: null
				});
				break;
			case "message.read": {
				let t = this.#t.get(e.conversation_id);
				t && (t.readSeq = {
					...t.readSeq,
					[e.reader]: Math.max(t.readSeq[e.reader], e.seq)
				}, this.#H(e.conversation_id, t));
				break;
			}
		}
		let { type: t, event: n, ...r } = e;
		this.#e.emit(n, r);
	}
	#j(e, t, n = null) {
		let r = this.#t.get(e);
		r && (r.conversation &&= {
			...r.conversation,
			...t
		}, r.queuePosition = n, this.#H(e, r));
	}
	async open(e) {
		let t = this.#B(e);
		if (t.history !== "ready") return t.opening ??= this.#M(e, t).finally(() => {
			t.opening = null;
		}), t.opening;
	}
	leave(e) {
		clearTimeout(this.#t.get(e)?.refreshTimer), this.#t.delete(e);
	}
	view(e) {
		let t = this.#t.get(e) ?? this.#V(e), { timeline: n, history: r, error: i, hasOlder: a, loadingOlder: o, readSeq: s, conversation: c, queuePosition: l } = t;
		return t.view ??= {
			conversationId: e,
			messages: n.messages,
			history: r,
			error: i,
			hasOlder: a,
			loadingOlder: o !== null,
			readSeq: s,
			lastSeq: n.lastSeq,
			conversation: c,
			queuePosition: l
		}, t.view;
	}
	loadOlder(e) {
		let t = this.#t.get(e), n = t?.timeline.oldestSeq ?? null;
		return !t || n === null || !t.hasOlder ? Promise.resolve(!1) : (t.loadingOlder ??= this.#N(e, t, n).finally(() => {
			t.loadingOlder = null, this.#H(e, t);
		}), this.#H(e, t), t.loadingOlder);
	}
	async #M(e, t) {
		t.history = "loading", t.error = null, this.#H(e, t);
		try {
			let [n, r] = await Promise.all([this.http.get(`${j(e)}?limit=${v}`), this.http.get(A(e))]);
			if (this.#t.get(e) !== t) return;
			for (let e of n.items) this.#X(e.client_msg_id);
			t.timeline.applyNewest(n.items), t.hasOlder = (t.timeline.oldestSeq ?? 1) > 1, t.history = "ready", this.#I(t, r), this.#H(e, t), this.#R(e, t), this.#$(e, t);
		} catch (n) {
			if (this.#t.get(e) !== t) return;
			throw t.history = "error", t.error = n instanceof Error ? n : Error(String(n)), this.#H(e, t), this.#ie(n), n;
		}
	}
	async #N(e, t, n) {
		let r = await this.http.get(`${j(e)}?before_seq=${n}&limit=${v}`);
		for (let e of r.items) t.timeline.apply(e);
		let i = t.timeline.oldestSeq ?? 1;
		return t.hasOlder = r.items.length > 0 && i < n && i > 1, r.items.length > 0;
	}
	async refresh(e) {
		let t = this.#t.get(e);
		t && await this.#P(e, t);
	}
	async #P(e, t) {
		try {
			let n = await this.http.get(A(e));
			if (this.#t.get(e) !== t) return;
			this.#I(t, n), this.#H(e, t);
		} catch (e) {
			this.#ie(e);
		}
	}
	#F(e, t) {
		clearTimeout(t.refreshTimer), t.refreshTimer = setTimeout(() => void this.#P(e, t), T);
	}
	#I(e, t) {
		t.status !== "queued" && (e.queuePosition = null), e.conversation = t, this.#L(e, t);
	}
	#L(e, t) {
		e.readSeq = {
			customer: Math.max(e.readSeq.customer, t.contact_read_seq ?? 0),
			agent: Math.max(e.readSeq.agent, t.agent_read_seq ?? 0)
		};
	}
	#R(e, t) {
		let n = t.timeline.tail;
		n !== null && this.#a.open && (t.syncingUntil > Date.now() ? t.syncAgain = !0 : (t.syncAgain = !1, this.#a.send({
			type: "sync",
			conversation_id: e,
			after_seq: n
		}) && (t.syncingUntil = Date.now() + w)));
	}
	#z(e, t) {
		let n = this.#t.get(e);
		if (!n) return;
		n.syncingUntil = 0;
		let r = n.timeline.tail !== null && n.timeline.tail < t;
		(n.syncAgain || r) && this.#R(e, n), this.#H(e, n);
	}
	#B(e) {
		let t = this.#t.get(e);
		if (t) return t;
		let n = this.#V(e);
		this.#t.set(e, n);
		for (let { item: t } of this.#n.values()) t.conversation_id === e && n.timeline.addLocal(this.#Q(t));
		return n;
	}
	#V(e) {
		return {
			timeline: new m(e, (e) => this.#U(e)),
			history: "idle",
			error: null,
			hasOlder: !1,
			loadingOlder: null,
			opening: null,
			readSeq: {
				customer: 0,
				agent: 0
			},
			conversation: null,
			queuePosition: null,
			syncingUntil: 0,
			syncAgain: !1,
			wantedRead: 0,
			sentRead: 0,
			typedAt: 0,
			refreshTimer: void 0,
			notifyScheduled: !1,
			view: null
		};
	}
	#H(e, t) {
		if (t.view = null, t.notifyScheduled) return;
		t.notifyScheduled = !0;
		let n = () => {
			t.notifyScheduled = !1, this.#t.get(e) === t && this.#e.emit("changed", this.view(e));
		};
		t.syncingUntil > 0 ? setTimeout(n, 30) : queueMicrotask(n);
	}
	#U(e) {
		if (e.sender.kind !== this.options.role) return !1;
		if (this.options.role === "customer") return !0;
		let t = this.options.self?.id;
		return t != null && e.sender.id === t;
	}
	send(e, t, { note: n = !1 } = {}) {
		let r = {
			client_msg_id: l(),
			scope: this.#i,
			conversation_id: e,
			content: typeof t == "string" ? {
				kind: "text",
				text: t
			} : t,
			note: n,
			created_at: (/* @__PURE__ */ new Date()).toISOString(),
			order: this.#h++,
			refused: null
		};
		this.#n.set(r.client_msg_id, {
			item: r,
			sentOn: 0,
			timer: void 0
		}), this.#r.put(r);
		let i = this.#Q(r), a = this.#t.get(e);
		return a && (a.timeline.addLocal(i), this.#H(e, a)), this.#G(), i;
	}
	retry(e) {
		let t = this.#n.get(e);
		t && (clearTimeout(t.timer), t.item = {
			...t.item,
			refused: null
		}, t.sentOn = 0, this.#r.put(t.item), this.#Z(t, "sending", null), this.#G());
	}
	discard(e) {
		let t = this.#n.get(e);
		if (!t) return;
		this.#X(e);
		let n = this.#t.get(t.item.conversation_id);
		n && (n.timeline.remove(e), this.#H(t.item.conversation_id, n));
	}
	async #W() {
		let e = await this.#r.list(this.#i).catch(() => []);
		if (!this.#u) {
			e.sort((e, t) => e.created_at < t.created_at ? -1 : e.created_at > t.created_at ? 1 : e.order - t.order);
			for (let t of e) {
				let e = this.#t.get(t.conversation_id);
				this.#n.has(t.client_msg_id) || (e?.timeline.get(t.client_msg_id)?.status === "sent" ? this.#r.remove(t.client_msg_id) : (this.#n.set(t.client_msg_id, {
					item: t,
					sentOn: 0,
					timer: void 0
				}), e && (e.timeline.addLocal(this.#Q(t)), this.#H(t.conversation_id, e))));
			}
			this.#G();
		}
	}
	#G() {
		if (this.#a.open) for (let e of this.#K()) this.#q(e);
		else this.#g && this.#_ && (this.#b ??= this.#J().finally(() => {
			this.#b = null;
		}));
	}
	#K() {
		return [...this.#n.values()].filter((e) => !e.item.refused && e.sentOn !== this.#m);
	}
	#q(e) {
		let { client_msg_id: t, conversation_id: n, content: r, note: i } = e.item;
		this.#a.send({
			type: "send",
			client_msg_id: t,
			conversation_id: n,
			content: r,
			...i ? { note: i } : {}
		}) && (e.sentOn = this.#m, this.#Z(e, "sending", null), clearTimeout(e.timer), e.timer = setTimeout(() => {
			this.#Z(e, "failed", {
				code: "timeout",
				detail: ""
			});
		}, y));
	}
	async #J() {
		for (let e of this.#n.values()) {
			if (!this.#g || this.#a.open) return;
			if (e.item.refused) continue;
			let { client_msg_id: t, conversation_id: n, content: r, note: i } = e.item;
			try {
				this.#Z(e, "sending", null);
				let a = {
					client_msg_id: t,
					content: r,
					...i ? { note: i } : {}
				}, o = await this.http.post(j(n), a);
				this.#O({
					...o,
					client_msg_id: t
				});
			} catch (e) {
				if (this.#ie(e)) return;
				if (k(e)) this.#Y(t, {
					code: e.code,
					detail: e.message
				});
				else {
					this.#ne();
					return;
				}
			}
		}
	}
	#Y(e, t) {
		let n = this.#n.get(e);
		n && (clearTimeout(n.timer), t.code !== E && (n.item = {
			...n.item,
			refused: t
		}, this.#r.put(n.item)), this.#Z(n, "failed", t));
	}
	#X(e) {
		if (!e) return;
		let t = this.#n.get(e);
		t && (clearTimeout(t.timer), this.#n.delete(e), this.#r.remove(e));
	}
	#Z(e, t, n) {
		let { conversation_id: r, client_msg_id: i } = e.item, a = this.#t.get(r);
		a?.timeline.setStatus(i, t, n) && this.#H(r, a);
	}
	#Q(e) {
		return {
			key: e.client_msg_id,
			id: `local:${e.client_msg_id}`,
			conversation_id: e.conversation_id,
			seq: null,
			anchor_seq: null,
			sender: {
				kind: this.options.role,
				id: this.options.self?.id ?? null,
				name: this.options.self?.name ?? ""
			},
			content: e.content,
			note: e.note,
			created_at: e.created_at,
			client_msg_id: e.client_msg_id,
			status: e.refused ? "failed" : "sending",
			own: !0,
			failure: e.refused
		};
	}
	read(e, t) {
		let n = this.#t.get(e);
		!n || t <= n.wantedRead || (n.wantedRead = t, this.#$(e, n));
	}
	#$(e, t) {
		let n = this.options.role === "customer" ? t.readSeq.customer : t.readSeq.agent, r = t.wantedRead;
		r <= Math.max(t.sentRead, n) || this.#a.send({
			type: "read",
			conversation_id: e,
			seq: r
		}) && (t.sentRead = r);
	}
	typing(e) {
		let t = this.#t.get(e), n = Date.now();
		!t || n - t.typedAt < b || this.#a.send({
			type: "typing",
			conversation_id: e
		}) && (t.typedAt = n);
	}
	async #ee() {
		clearTimeout(this.#y);
		let e = [...this.#t], t = this.#v++ % C === 0;
		try {
			e.length === 0 && this.#n.size === 0 && (this.#_ = !0);
			for (let [n, r] of e) {
				let e = r.timeline.tail !== null && await this.#te(n, r);
				r.history === "error" ? await this.open(n) : (e || t) && this.#I(r, await this.http.get(A(n))), this.#H(n, r);
			}
			this.#_ = !0, this.#E(), this.#g && this.#G();
		} catch (e) {
			if (this.#ie(e)) return;
			this.#ne();
		}
		this.#g && !this.#u && (clearTimeout(this.#y), this.#y = setTimeout(() => void this.#ee(), x));
	}
	async #te(e, t) {
		let n = !1;
		for (;;) {
			let r = t.timeline.tail ?? 0, i = `${j(e)}?after_seq=${r}&limit=${v}`, a = await this.http.get(i);
			if (this.#t.get(e) !== t) return !1;
			for (let e of a.items) t.timeline.knows(e.id) || (n = !0), this.#O(e);
			if (a.items.length < v || (t.timeline.tail ?? 0) <= r) return n;
		}
	}
	#ne() {
		this.#_ = !1, this.#E();
	}
	#re() {
		this.#g = !1, this.#_ = !1, clearTimeout(this.#y);
	}
	#ie(e) {
		return !(e instanceof i) || e.status !== 401 ? !1 : (this.#T(), !0);
	}
};
function k(e) {
	return e instanceof i && e.status < 500 && e.status !== 408 && e.status !== 429;
}
function A(e) {
	return `/conversations/${encodeURIComponent(e)}`;
}
function j(e) {
	return `${A(e)}/messages`;
}
function M(e, t) {
	return `${(e || globalThis.location.origin).replace(/^http/, "ws")}/ws/v1?token=${encodeURIComponent(t)}`;
}
function N() {
	return typeof navigator > "u" || navigator.onLine !== !1;
}
export { i as ApiError, a as NetworkError, f as browserOutbox, D as createChatClient, o as createHttp, d as memoryOutbox, l as randomId };
