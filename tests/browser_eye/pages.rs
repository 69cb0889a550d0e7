//! Pages of a shop, plain but for a few things that a browser has rules for: made from a number, and always the same from the same.

/// A shop's pages, and what it asks of what is sent. `{base}` is the shop's own path, `{items}` the list.
#[derive(Debug, Clone)]
pub struct Page {
    /// What is unusual about it.
    pub traits: Vec<&'static str>,
    pub front: String,
    pub front_headers: Vec<(&'static str, String)>,
    pub after: After,
    pub list: String,
    pub list_status: u16,
    pub list_headers: Vec<(&'static str, String)>,
    /// One item of the list; `{name}` is its name.
    pub row: String,
    pub sheet: String,
    pub frame_headers: Vec<(&'static str, &'static str)>,
    /// Fields that have to come with these values.
    pub wants: Vec<(&'static str, &'static str)>,
    /// A cookie that has to come back.
    pub wants_cookie: Option<&'static str>,
}

/// What follows a sale.
#[derive(Debug, Clone)]
pub enum After {
    Redirect(u16, String),
    /// A page, with the list in it.
    Page(u16, String),
    Refresh(String),
}

impl Default for Page {
    fn default() -> Self {
        Parts::default().page()
    }
}

/// The same numbers from the same seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        for _ in 0..4 {
            random.next();
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        usize::try_from(self.next() >> 11).unwrap_or_default() % most
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// What a page is put together from.
#[derive(Clone)]
pub struct Parts {
    pub traits: Vec<&'static str>,
    /// Attributes of the form.
    pub form: String,
    /// Name, quantity and description.
    pub fields: [String; 3],
    /// Further fields, in the form.
    pub more: String,
    /// Before and after the fields.
    pub around: (&'static str, &'static str),
    pub buttons: String,
    /// What stands before and after the form.
    pub outside: (String, String),
    pub head: String,
    pub headers: Vec<(&'static str, String)>,
    pub after: After,
    pub list: String,
    pub row: &'static str,
    pub list_head: String,
    pub list_status: u16,
    pub list_headers: Vec<(&'static str, String)>,
    pub sheet: &'static str,
    pub frame_headers: Vec<(&'static str, &'static str)>,
    pub wants: Vec<(&'static str, &'static str)>,
    pub wants_cookie: Option<&'static str>,
}

impl Default for Parts {
    fn default() -> Self {
        Self {
            traits: vec![],
            form: " method=\"post\" action=\"{base}/sell\"".into(),
            fields: [
                "<input name=\"name\">".into(),
                "<input name=\"quantity\">".into(),
                "<input name=\"description\">".into(),
            ],
            more: String::new(),
            around: ("", ""),
            buttons: "<button>Enter</button>".into(),
            outside: (String::new(), String::new()),
            head: String::new(),
            headers: vec![],
            after: After::Redirect(302, "{base}/items".into()),
            list: "<ul>{items}</ul>".into(),
            row: "<li>{name}</li>",
            list_head: String::new(),
            list_status: 200,
            list_headers: vec![("Content-Type", "text/html; charset=utf-8".into())],
            sheet: "",
            frame_headers: vec![],
            wants: vec![],
            wants_cookie: None,
        }
    }
}

impl Parts {
    pub fn page(self) -> Page {
        let [name, quantity, description] = &self.fields;
        let (open, close) = self.around;
        let (before, behind) = &self.outside;
        let form = format!(
            "<form{}>{}{open}<p>Name {name}</p><p>Quantity {quantity}</p><p>Description {description}</p>{close}\n<p>{}</p></form>",
            self.form, self.more, self.buttons
        );
        let document = |head: &str, body: &str| {
            format!(
                "<!doctype html>\n<html lang=\"en\"><head><title>The shop</title>{head}</head>\n<body>{body}</body></html>"
            )
        };
        Page {
            front: document(&self.head, &format!("<h1>Sell</h1>{before}{form}{behind}")),
            list: document(&self.list_head, &format!("<h1>All</h1>{}", self.list)),
            traits: self.traits,
            front_headers: self.headers,
            after: self.after,
            list_status: self.list_status,
            list_headers: self.list_headers,
            row: self.row.to_owned(),
            sheet: self.sheet.to_owned(),
            frame_headers: self.frame_headers,
            wants: self.wants,
            wants_cookie: self.wants_cookie,
        }
    }
}

/// The page of this number.
pub fn page(seed: u64) -> Page {
    let random = &mut Random::new(seed);
    let mut parts = Parts::default();
    const DIMENSIONS: [fn(&mut Parts, &mut Random); 8] = [form, fields, extra, buttons, cookies, after, list, style];
    for _ in 0..=random.below(3) {
        random.pick(&DIMENSIONS)(&mut parts, random);
    }
    parts.page()
}

fn form(parts: &mut Parts, random: &mut Random) {
    let (name, attributes) = random.pick(&[
        ("form/no-action", " method=post"),
        ("form/empty-action", " method=post action=''"),
        ("form/relative", " method=POST action=sell"),
        ("form/query", " method=post action='sell?x=1&y=a b'"),
        ("form/fragment", " method=post action='{base}/sell#top'"),
        ("form/whole-address", " method=post action='http://localhost:8080{base}/sell'"),
        ("form/no-scheme", " method=post action='//localhost:8080{base}/sell'"),
        ("form/other-loopback", " method=post action='http://127.0.0.1:8080{base}/sell'"),
        ("form/other-port", " method=post action='http://localhost:5000{base}/sell'"),
        ("form/other-host", " method=post action='http://flaskapp{base}/sell'"),
        ("form/https", " method=post action='https://localhost:8080{base}/sell'"),
        ("form/script", " method=post action='javascript:void 0'"),
        ("form/get", " method=get action='{base}/sell'"),
        ("form/no-method", " action='{base}/sell'"),
        ("form/dialog", " method=dialog action='{base}/sell'"),
        ("form/odd-method", " method=put action='{base}/sell'"),
        ("form/multipart", " method=post enctype=multipart/form-data action='{base}/sell'"),
        ("form/plain", " method=post enctype=text/plain action='{base}/sell'"),
        ("form/odd-enctype", " method=post enctype=application/json action='{base}/sell'"),
        ("form/novalidate", " method=post novalidate action='{base}/sell'"),
        ("form/onsubmit", " method=post onsubmit='return false' action='{base}/sell'"),
        ("form/target-frame", " method=post target=there action='{base}/sell'"),
        ("form/target-top", " method=post target=_top action='{base}/sell'"),
        ("form/disabled", " method=post disabled action='{base}/sell'"),
        ("form/spaces", " method=post action='  {base}/sell  '"),
        ("form/twice", " method=post method=get action='{base}/sell' action='{base}/nowhere'"),
    ]);
    parts.traits.push(name);
    parts.form = attributes.into();
    if name == "form/target-frame" {
        let frames = ["<iframe name=there width=400 height=200></iframe>", "<iframe name=there hidden></iframe>"];
        parts.outside.1.push_str(random.pick(&frames));
    }
}

fn fields(parts: &mut Parts, random: &mut Random) {
    let which = random.below(3);
    let (name, field) = random.pick(&[
        ("field/required", "<input name={n} required>"),
        ("field/pattern-fits", "<input name={n} pattern='.+'>"),
        ("field/pattern", "<input name={n} pattern='[A-Z]{2}'>"),
        ("field/pattern-odd", "<input name={n} pattern='['>"),
        ("field/pattern-capital", "<input name={n} pattern='[A-Z]\\w+( \\w+)*|[0-9]+'>"),
        ("field/number", "<input name={n} type=number>"),
        ("field/number-min", "<input name={n} type=number min=5>"),
        ("field/number-max", "<input name={n} type=number max=2>"),
        ("field/number-step", "<input name={n} type=number step=7>"),
        ("field/number-of-value", "<input name={n} type=number value=1 step=3>"),
        ("field/email", "<input name={n} type=email>"),
        ("field/url", "<input name={n} type=url>"),
        ("field/search", "<input name={n} type=search>"),
        ("field/password", "<input name={n} type=password>"),
        ("field/unknown-type", "<input name={n} type=colour>"),
        ("field/minlength", "<input name={n} minlength=4>"),
        ("field/minlength-long", "<input name={n} minlength=40>"),
        ("field/maxlength", "<input name={n} maxlength=8>"),
        ("field/maxlength-short", "<input name={n} maxlength=2>"),
        ("field/readonly", "<input name={n} readonly>"),
        ("field/readonly-required", "<input name={n} readonly required>"),
        ("field/disabled", "<input name={n} disabled>"),
        ("field/value", "<input name={n} value='17'>"),
        ("field/hidden-type", "<input name={n} type=hidden value=8>"),
        ("field/hidden", "<input name={n} hidden>"),
        ("field/display-none", "<input name={n} style='display:none'>"),
        ("field/invisible", "<input name={n} style='visibility:hidden'>"),
        ("field/opacity", "<input name={n} style='opacity:0'>"),
        ("field/textarea", "<textarea name={n}></textarea>"),
        ("field/textarea-text", "<textarea name={n}>\nold\ntext</textarea>"),
        ("field/textarea-maxlength", "<textarea name={n} maxlength=9></textarea>"),
        ("field/select", "<select name={n}><option>3<option>8</select>"),
        ("field/select-required", "<select name={n} required><option value=''>choose<option>5</select>"),
        ("field/select-disabled-option", "<select name={n}><option disabled>3<option value=4>four</select>"),
        ("field/select-selected", "<select name={n}><option>3<option selected>8</select>"),
        ("field/select-multiple", "<select name={n} multiple><option>3<option selected>8</select>"),
        ("field/no-name", "<input id={n}>"),
        ("field/elsewhere", "<input name={n} form=other>"),
        ("field/dirname", "<input name={n} dirname={n}.dir>"),
        ("field/in-template", "<template><input name={n}></template>"),
        ("field/in-details", "<details><summary>more</summary><input name={n}></details>"),
        ("field/in-datalist", "<datalist><input name={n}></datalist>"),
        ("field/in-fieldset", "<fieldset disabled><input name={n}></fieldset>"),
        ("field/in-legend", "<fieldset disabled><legend><input name={n}></legend></fieldset>"),
        ("field/inert", "<span inert><input name={n}></span>"),
        ("field/in-noscript", "<noscript><input name={n}></noscript>"),
        ("field/in-dialog", "<dialog><input name={n}></dialog>"),
        ("field/twice", "<input name={n}><input type=hidden name={n} value=second>"),
        ("field/date", "<input name={n} type=date>"),
        ("field/range", "<input name={n} type=range>"),
        ("field/color", "<input name={n} type=color>"),
    ]);
    parts.traits.push(name);
    parts.fields[which] = field.replace("{n}", ["name", "quantity", "description"][which]);
}

fn extra(parts: &mut Parts, random: &mut Random) {
    let (name, more) = random.pick(&[
        ("more/hidden", "<input type=hidden name=token value=t1>"),
        ("more/charset", "<input type=hidden name=_charset_>"),
        ("more/hidden-lines", "<input type=hidden name=lines value='a\nb'>"),
        ("more/quotes", "<input type=hidden name='a\"b' value='x&amp;y=z'>"),
        ("more/umlaut", "<input type=hidden name=ä value='ö é'>"),
        ("more/checkbox", "<input type=checkbox name=box>"),
        ("more/checkbox-checked", "<input type=checkbox name=box value=yes checked>"),
        ("more/checkbox-required", "<input type=checkbox name=box required>"),
        ("more/radio", "<input type=radio name=r value=1><input type=radio name=r value=2>"),
        ("more/radio-required", "<input type=radio name=r value=1 required><input type=radio name=r value=2>"),
        ("more/file", "<input type=file name=picture>"),
        ("more/file-required", "<input type=file name=picture required>"),
        ("more/output", "<output name=o>5</output>"),
        ("more/nested-form", "<form action='{base}/nowhere'><input name=inner></form>"),
        ("more/invisible-required", "<input name=trap required style='display:none'>"),
        ("more/text", "<input name=note>"),
        ("more/email", "<input name=email type=email required>"),
        ("more/tel", "<input name=phone type=tel>"),
        ("more/date", "<input name=day type=date required>"),
        ("more/time-min", "<input name=hour type=time min=13:00 value=12:00>"),
        ("more/range", "<input name=slide type=range min=3 max=9>"),
        ("more/color", "<input name=paint type=color>"),
        ("more/object", "<object name=obj data='{base}/frame' width=50 height=20></object>"),
    ]);
    parts.traits.push(name);
    parts.more.push_str(more);
    if name == "more/hidden" {
        parts.wants.push(("token", "t1"));
        let (name, token) = random.pick(&[
            ("token/in-form", ""),
            ("token/by-form-attribute", "<input type=hidden form=f name=token value=t1>"),
            ("token/outside", "<input type=hidden name=token value=t1>"),
            ("token/in-template", "<template><input type=hidden form=f name=token value=t1></template>"),
            ("token/disabled", "<input type=hidden form=f name=token value=t1 disabled>"),
            ("token/commented-out", "<!-- <input type=hidden form=f name=token value=t1> -->"),
        ]);
        parts.traits.push(name);
        if !token.is_empty() {
            parts.more.clear();
            parts.outside.0.push_str(token);
            parts.form.push_str(" id=f");
        }
    }
}

fn buttons(parts: &mut Parts, random: &mut Random) {
    let (name, buttons) = random.pick(&[
        ("button/none", ""),
        ("button/submit-input", "<input type=submit>"),
        ("button/submit-value", "<input type=submit name=go value='Sell it'>"),
        ("button/name", "<button name=go value=1>Enter</button>"),
        ("button/image", "<input type=image name=pic alt=Enter width=40 height=20>"),
        ("button/image-no-name", "<input type=image alt=Enter width=40 height=20>"),
        ("button/of-type-button", "<button type=button>Enter</button>"),
        ("button/input-button", "<input type=button value=Enter>"),
        ("button/reset", "<button type=reset>Enter</button>"),
        ("button/odd-type", "<button type=menu>Enter</button>"),
        ("button/disabled", "<button disabled>Enter</button>"),
        ("button/hidden", "<button hidden name=go value=1>Enter</button>"),
        ("button/display-none", "<button style='display: none' name=go value=1>Enter</button>"),
        ("button/cancel-first", "<button formaction='{base}/nowhere'>Cancel</button><button>Sell</button>"),
        ("button/disabled-first", "<button disabled name=a value=1>One</button><button name=a value=2>Two</button>"),
        ("button/hidden-first", "<button hidden name=a value=1>One</button><button name=a value=2>Two</button>"),
        ("button/formaction", "<button formaction='{base}/nowhere'>Enter</button>"),
        ("button/formaction-empty", "<button formaction=''>Enter</button>"),
        ("button/formmethod-get", "<button formmethod=get>Enter</button>"),
        ("button/formmethod-dialog", "<button formmethod=dialog>Enter</button>"),
        ("button/formmethod-odd", "<button formmethod=x>Enter</button>"),
        ("button/formenctype", "<button formenctype=text/plain>Enter</button>"),
        ("button/formenctype-multipart", "<button formenctype=multipart/form-data>Enter</button>"),
        ("button/formnovalidate", "<button formnovalidate>Enter</button>"),
        ("button/onclick", "<button onclick='return false'>Enter</button>"),
        ("button/prevented", "<button onclick='event.preventDefault()'>Enter</button>"),
        ("button/in-template", "<template><button>Enter</button></template>"),
        ("button/in-details", "<details><summary>more</summary><button>Enter</button></details>"),
        ("button/in-fieldset", "<fieldset disabled><button>Enter</button></fieldset>"),
        ("button/inert", "<span inert><button>Enter</button></span>"),
        ("button/link", "<a href='{base}/items'>Enter</a>"),
        ("button/in-label", "<label>Enter <input type=submit></label>"),
    ]);
    parts.traits.push(name);
    parts.buttons = buttons.into();
    if name == "button/none" {
        let outside = [
            ("outside/nothing", ""),
            ("outside/button", "<button>Enter</button>"),
            ("outside/button-of-form", "<button form=f>Enter</button>"),
            ("outside/input-of-form", "<input type=submit form=f name=go value=2>"),
            ("outside/of-another", "<button form=g>Enter</button>"),
        ];
        let (name, button) = random.pick(&outside);
        parts.traits.push(name);
        parts.outside.1.push_str(button);
        parts.form.push_str(" id=f");
        if random.below(3) == 0 {
            parts.traits.push("fields/one-line");
            parts.fields[1] = "<textarea name=quantity></textarea>".into();
            parts.fields[2] = "<textarea name=description></textarea>".into();
        }
    }
}

fn cookies(parts: &mut Parts, random: &mut Random) {
    let (name, cookie) = random.pick(&[
        ("cookie/plain", "sid=7; Path=/"),
        ("cookie/http-only", "sid=7; HttpOnly; SameSite=Lax; Path=/"),
        ("cookie/strict", "sid=7; SameSite=Strict; Path=/"),
        ("cookie/none", "sid=7; SameSite=None; Path=/"),
        ("cookie/none-secure", "sid=7; SameSite=None; Secure; Path=/"),
        ("cookie/secure", "sid=7; Secure; Path=/"),
        ("cookie/host", "__Host-sid=7; Secure; Path=/"),
        ("cookie/host-path", "__Host-sid=7; Secure; Path={base}"),
        ("cookie/host-no-secure", "__Host-sid=7; Path=/"),
        ("cookie/host-domain", "__Host-sid=7; Secure; Path=/; Domain=localhost"),
        ("cookie/secure-prefix", "__Secure-sid=7; Secure; Path=/"),
        ("cookie/secure-prefix-no", "__Secure-sid=7; Path=/"),
        ("cookie/domain", "sid=7; Domain=localhost; Path=/"),
        ("cookie/domain-foreign", "sid=7; Domain=shop.example; Path=/"),
        ("cookie/path", "sid=7; Path={base}/sell"),
        ("cookie/path-foreign", "sid=7; Path=/elsewhere"),
        ("cookie/path-part", "sid=7; Path={base}/se"),
        ("cookie/path-relative", "sid=7; Path=sell"),
        ("cookie/no-path", "sid=7"),
        ("cookie/expired", "sid=7; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
        ("cookie/max-age", "sid=7; Max-Age=3600; Path=/"),
        ("cookie/max-age-zero", "sid=7; Max-Age=0; Path=/"),
        ("cookie/max-age-wins", "sid=7; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"),
        ("cookie/odd-date", "sid=7; Expires=tomorrow; Path=/"),
        ("cookie/quoted", "sid=7\"x\"; Path=/"),
        ("cookie/spaces", "  sid = 7 ; Path = / "),
        ("cookie/no-name", "7; Path=/"),
        ("cookie/partitioned", "sid=7; Secure; Partitioned; Path=/"),
    ]);
    parts.traits.push(name);
    let lower = cookie.trim();
    parts.wants_cookie = Some(match lower.split(['=', ' ']).next() {
        Some("__Host-sid") => "__Host-sid",
        Some("__Secure-sid") => "__Secure-sid",
        _ => "sid",
    });
    parts.headers.push(("Set-Cookie", cookie.into()));
    if random.below(4) == 0 {
        parts.traits.push("cookie/second");
        parts.headers.push(("Set-Cookie", "other=1; Path=/".into()));
    }
    if random.below(3) == 0 {
        let (name, policy) = random.pick(&[
            ("csp/self", "form-action 'self'"),
            ("csp/none", "form-action 'none'"),
            ("csp/default", "default-src 'self'"),
            ("csp/origin", "form-action http://localhost:8080"),
            ("csp/other", "form-action https://shop.example"),
            ("csp/port", "form-action localhost:*"),
            ("csp/scheme", "form-action http:"),
            ("csp/sandbox", "sandbox allow-same-origin allow-scripts"),
            ("csp/sandbox-forms", "sandbox allow-same-origin allow-scripts allow-forms"),
            ("csp/path", "form-action http://localhost:8080{base}/sell"),
            ("csp/two", "form-action 'self'; form-action 'none'"),
        ]);
        parts.traits.push(name);
        if random.below(2) == 0 || name.starts_with("csp/sandbox") {
            parts.headers.push(("Content-Security-Policy", policy.into()));
        } else {
            parts.traits.push("csp/in-meta");
            parts.head.push_str(&format!("<meta http-equiv=Content-Security-Policy content=\"{policy}\">"));
        }
    }
}

fn after(parts: &mut Parts, random: &mut Random) {
    let all = "<!doctype html><body><ul>{items}</ul>";
    let to = |status, to: &str| After::Redirect(status, to.to_owned());
    let made: [(&'static str, After); 29] = [
        ("after/301", to(301, "{base}/items")),
        ("after/303", to(303, "{base}/items")),
        ("after/307", to(307, "{base}/items")),
        ("after/308", to(308, "{base}/items")),
        ("after/relative", to(302, "items")),
        ("after/dots", to(302, "../{base}/./items")),
        ("after/fragment", to(302, "{base}/items#new")),
        ("after/whole", to(302, "http://localhost:8080{base}/items")),
        ("after/loopback", to(302, "http://127.0.0.1:8080{base}/items")),
        ("after/port-lost", to(302, "http://localhost{base}/items")),
        ("after/other-host", to(302, "http://flaskapp:5001{base}/items")),
        ("after/https", to(302, "https://localhost:8080{base}/items")),
        ("after/no-location", to(302, "")),
        ("after/300", to(300, "{base}/items")),
        ("after/304", to(304, "{base}/items")),
        ("after/hops-5", to(302, "{base}/hop/5")),
        ("after/hops-18", to(302, "{base}/hop/18")),
        ("after/hops-19", to(302, "{base}/hop/19")),
        ("after/hops-20", to(302, "{base}/hop/20")),
        ("after/page", After::Page(200, all.into())),
        ("after/page-201", After::Page(201, all.into())),
        ("after/page-500", After::Page(500, all.into())),
        ("after/page-404", After::Page(404, all.into())),
        ("after/empty", After::Page(200, String::new())),
        ("after/204", After::Page(204, String::new())),
        ("after/meta-refresh", After::Page(200, "<meta http-equiv=refresh content='0; url={base}/items'>wait".into())),
        (
            "after/meta-refresh-odd",
            After::Page(200, "<meta http-equiv=Refresh content=\"0 , URL = '{base}/items'\">wait".into()),
        ),
        ("after/refresh", After::Refresh("{base}/items".into())),
        ("after/refresh-relative", After::Refresh("items".into())),
    ];
    let at = random.below(made.len());
    let (name, after) = made[at].clone();
    parts.traits.push(name);
    parts.after = after;
}

fn list(parts: &mut Parts, random: &mut Random) {
    let (name, list, row) = random.pick(&[
        ("list/textarea", "<textarea>{items}</textarea>", "{name} "),
        ("list/textarea-hidden", "<textarea hidden>{items}</textarea>", "{name} "),
        ("list/input", "{items}", "<input value='{name}'>"),
        ("list/input-hidden", "{items}", "<input type=hidden value='{name}'>"),
        ("list/placeholder", "{items}", "<input placeholder='{name}'>"),
        ("list/placeholder-behind", "{items}", "<input value=x placeholder='{name}'>"),
        ("list/password", "{items}", "<input type=password value='{name}'>"),
        ("list/button", "{items}", "<input type=button value='{name}'>"),
        ("list/details", "<details><summary>all</summary>{items}</details>", "<p>{name}</p>"),
        ("list/details-open", "<details open><summary>all</summary>{items}</details>", "<p>{name}</p>"),
        ("list/summary", "{items}", "<details><summary>{name}</summary>x</details>"),
        ("list/second-summary", "{items}", "<details><summary>x</summary><summary>{name}</summary></details>"),
        ("list/frame", "<iframe src='{base}/frame' width=400 height=200></iframe>", "{name}"),
        ("list/frame-hidden", "<iframe src='{base}/frame' hidden></iframe>", "{name}"),
        ("list/frame-no-size", "<iframe src='{base}/frame' width=0 height=0></iframe>", "{name}"),
        ("list/frame-lazy", "<iframe src='{base}/frame' loading=lazy></iframe>", "{name}"),
        ("list/frame-content", "<iframe width=300 height=200>{items}</iframe>", "{name}"),
        ("list/srcdoc", "<iframe srcdoc='<p>{items}</p>' width=300 height=100></iframe>", "{name} "),
        ("list/object", "<object data='{base}/frame' type=text/html width=300 height=100></object>", "{name}"),
        ("list/object-fallback", "<object>{items}</object>", "<p>{name}</p>"),
        ("list/embed", "<embed src='{base}/frame' type=text/html width=300 height=100>", "{name}"),
        ("list/comment", "<!-- {items} -->", "{name} "),
        ("list/template", "<template>{items}</template>", "<p>{name}</p>"),
        ("list/script", "<script type=text/plain>{items}</script>", "{name} "),
        ("list/style-element", "<style>/* {items} */</style>", "{name} "),
        ("list/noscript", "<noscript>{items}</noscript>", "<p>{name}</p>"),
        ("list/title-attribute", "{items}", "<p title='{name}'>item</p>"),
        ("list/alt", "{items}", "<img alt='{name}'>"),
        ("list/option", "<select>{items}</select>", "<option>{name}</option>"),
        ("list/option-list", "<select size=9>{items}</select>", "<option>{name}</option>"),
        ("list/datalist", "<datalist>{items}</datalist>", "<option>{name}</option>"),
        ("list/hidden", "<ul hidden>{items}</ul>", "<li>{name}</li>"),
        ("list/hidden-until-found", "<ul hidden=until-found>{items}</ul>", "<li>{name}</li>"),
        ("list/dialog", "<dialog>{items}</dialog>", "<p>{name}</p>"),
        ("list/dialog-open", "<dialog open>{items}</dialog>", "<p>{name}</p>"),
        ("list/popover", "<div popover>{items}</div>", "<p>{name}</p>"),
        ("list/svg", "<svg width=400 height=60>{items}</svg>", "<text y=20>{name}</text>"),
        ("list/svg-title", "<svg width=400 height=60>{items}</svg>", "<title>{name}</title>"),
        ("list/canvas", "<canvas>{items}</canvas>", "{name} "),
        ("list/video", "<video>{items}</video>", "{name} "),
        ("list/meter", "<meter value=1>{items}</meter>", "{name} "),
        ("list/ruby", "{items}", "<ruby>x<rp>{name}</rp><rt>y</rt></ruby>"),
        ("list/ruby-text", "{items}", "<ruby>x<rt>{name}</rt></ruby>"),
        ("list/table", "<table>{items}</table>", "<tr><td>{name}<td>1</tr>"),
        ("list/caption", "<table><caption>{items}</caption></table>", "{name} "),
        ("list/marquee", "<marquee>{items}</marquee>", "{name} "),
        ("list/pre", "<pre>{items}</pre>", "{name}\n"),
        ("list/plaintext", "<plaintext>{items}", "{name} "),
        ("list/xmp", "<xmp>{items}</xmp>", "<b>{name}</b>"),
        ("list/angle-brackets", "{items}", "<Item {name}>"),
        ("list/angle-and-space", "{items}", "< Item {name}>"),
        ("list/question-mark", "{items}", "<?item {name}?>"),
        ("list/cdata", "{items}", "<![CDATA[{name}]]>"),
        ("list/end-tag", "{items}", "</item {name}>"),
        ("list/unclosed", "<p>x <b {items}", "{name} "),
        ("list/in-head", "{items}", "<meta name='{name}'>"),
    ]);
    parts.traits.push(name);
    (parts.list, parts.row) = (list.into(), row);
    if random.below(8) == 0 {
        let (name, status, headers) = random.pick(&[
            ("list/text", 200, ("Content-Type", "text/plain")),
            ("list/json", 200, ("Content-Type", "application/json")),
            ("list/octets", 200, ("Content-Type", "text/html;charset=utf-16le")),
            ("list/404", 404, ("Content-Type", "text/html")),
            ("list/500", 500, ("Content-Type", "text/html")),
            ("list/xhtml", 200, ("Content-Type", "text/html; charset=iso-8859-1")),
        ]);
        parts.traits.push(name);
        parts.list_status = status;
        parts.list_headers = vec![(headers.0, headers.1.to_owned())];
    }
    if name.starts_with("list/frame") && random.below(3) == 0 {
        let (name, header) = random.pick(&[
            ("frame/deny", ("X-Frame-Options", "DENY")),
            ("frame/same-origin", ("X-Frame-Options", "SAMEORIGIN")),
            ("frame/ancestors-none", ("Content-Security-Policy", "frame-ancestors 'none'")),
            ("frame/ancestors-self", ("Content-Security-Policy", "frame-ancestors 'self'")),
        ]);
        parts.traits.push(name);
        parts.frame_headers.push(header);
    }
}

fn style(parts: &mut Parts, random: &mut Random) {
    let (name, sheet) = random.pick(&[
        ("style/display-none", "li { display: none }"),
        ("style/of-list", "ul { display: none }"),
        ("style/invisible", "ul { visibility: hidden }"),
        ("style/collapse", "ul { visibility: collapse }"),
        ("style/visible-again", "ul { visibility: hidden } li { visibility: visible }"),
        ("style/opacity", "ul { opacity: 0 }"),
        ("style/opacity-percent", "ul { opacity: 0% }"),
        ("style/opacity-again", "ul { opacity: 0 } li { opacity: 1 }"),
        ("style/opacity-little", "ul { opacity: .2 }"),
        ("style/no-letters", "ul { font-size: 0 }"),
        ("style/no-letters-em", "ul { font-size: 0em }"),
        ("style/letters-of-none", "ul { font-size: 0 } li { font-size: 2em }"),
        ("style/letters-again", "ul { font-size: 0 } li { font-size: 16px }"),
        ("style/letters-rem", "ul { font-size: 0 } li { font-size: 1rem }"),
        ("style/font", "ul { font: 0/0 a }"),
        ("style/font-bold", "ul { font: 700 14px/1.5 serif }"),
        ("style/transparent", "li { color: transparent }"),
        ("style/transparent-rgba", "ul { color: rgba(0, 0, 0, 0) }"),
        ("style/transparent-slash", "ul { color: rgb(0 0 0 / 0%) }"),
        ("style/transparent-hash", "ul { color: #0000 }"),
        ("style/transparent-again", "ul { color: transparent } li { color: #000 }"),
        ("style/indent", "li { text-indent: -9999px }"),
        ("style/off-left", "ul { position: absolute; left: -9999px }"),
        ("style/off-left-static", "ul { left: -9999px }"),
        ("style/off-top", "ul { position: fixed; top: -200vh }"),
        ("style/margin-left", "ul { margin-left: -9999px }"),
        ("style/translate", "ul { transform: translateX(-9999px) }"),
        ("style/scale", "ul { transform: scale(0) }"),
        ("style/scale-property", "ul { scale: 0 }"),
        ("style/no-height", "ul { height: 0; overflow: hidden }"),
        ("style/no-height-open", "ul { height: 0 }"),
        ("style/max-height", "ul { max-height: 0; overflow: hidden }"),
        ("style/no-width", "ul { width: 0; overflow: hidden; padding: 0 }"),
        ("style/clip-path", "ul { clip-path: inset(100%) }"),
        ("style/clip", "ul { position: absolute; clip: rect(0 0 0 0) }"),
        ("style/content-hidden", "ul { content-visibility: hidden }"),
        ("style/contents", "ul { display: contents }"),
        ("style/flex", "ul { display: flex }"),
        ("style/unknown-display", "ul { display: nothing }"),
        ("style/uppercase", "li { text-transform: uppercase }"),
        ("style/important", "li { display: none !important } li { display: block }"),
        ("style/specific", "ul li { display: none } li { display: block }"),
        ("style/later", "li { display: none } li { display: block }"),
        ("style/id-wins", "#all li { display: block } ul li { display: none }"),
        ("style/child", "body > ul > li:first-child { display: none }"),
        ("style/not", "li:not(.x) { display: none }"),
        ("style/has", "ul:has(li) { display: none }"),
        ("style/is", ":is(ul, ol) > :where(li) { display: none }"),
        ("style/last", "li:last-child { display: none }"),
        ("style/nth", "li:nth-child(2n+1) { display: none }"),
        ("style/attribute", "ul[id=all] { display: none }"),
        ("style/attribute-case", "ul[id=ALL i] { display: none }"),
        ("style/empty", "li:empty { display: none }"),
        ("style/hover", "li:hover { display: none }"),
        ("style/sibling", "h1 + ul { display: none }"),
        ("style/print", "@media print { ul { display: none } }"),
        ("style/screen", "@media screen and (min-width: 100px) { ul { display: none } }"),
        ("style/narrow", "@media (max-width: 600px) { ul { display: none } }"),
        ("style/range-media", "@media (width >= 600px) { ul { display: none } }"),
        ("style/not-print", "@media not print { ul { display: none } }"),
        ("style/dark", "@media (prefers-color-scheme: dark) { ul { display: none } }"),
        ("style/supports", "@supports (display: grid) { ul { display: none } }"),
        ("style/supports-not", "@supports not (display: grid) { ul { display: none } }"),
        ("style/supports-odd", "@supports (display: nothing) { ul { display: none } }"),
        ("style/layer", "@layer a { ul { display: none } } ul { display: block }"),
        ("style/layer-important", "@layer a { ul { display: none !important } } ul { display: block !important }"),
        ("style/nested", "body { ul { display: none } }"),
        ("style/nested-ampersand", "ul { & li { display: none } }"),
        ("style/broken-rule", "li { display: none; colour } } ul { color"),
        ("style/bad-selector", "li, ::nothing-known { display: none }"),
        ("style/comment", "li { /* display: none */ }"),
        ("style/variable", ":root { --d: none } ul { display: var(--d) }"),
        ("style/variable-fallback", "ul { display: var(--nothing, none) }"),
        ("style/inherit", "body { visibility: hidden } ul { visibility: visible } li { visibility: inherit }"),
        ("style/initial", "ul { visibility: hidden } li { visibility: initial }"),
        ("style/before", "li { font-size: 0 } li::before { content: 'item'; font-size: 16px }"),
        ("style/shorthand-all", "li { display: none; all: initial }"),
        ("style/overlap", "h1 { position: fixed; inset: 0; background: #fff }"),
    ]);
    parts.traits.push(name);
    match random.below(4) {
        0 => {
            parts.traits.push("sheet/linked");
            parts.sheet = sheet;
            let (name, link) = random.pick(&[
                ("link/plain", "<link rel=stylesheet href='{base}/style.css'>"),
                ("link/alternate", "<link rel='alternate stylesheet' title=x href='{base}/style.css'>"),
                ("link/print", "<link rel=stylesheet media=print href='{base}/style.css'>"),
                ("link/disabled", "<link rel=stylesheet disabled href='{base}/style.css'>"),
                ("link/preload", "<link rel=preload as=style href='{base}/style.css'>"),
            ]);
            parts.traits.push(name);
            parts.list_head.push_str(link);
        }
        1 => {
            parts.traits.push("sheet/in-body");
            parts.list.insert_str(0, &format!("<style>{sheet}</style>"));
        }
        _ => parts.list_head.push_str(&format!("<style>{sheet}</style>")),
    }
    parts.list = parts.list.replace("<ul>", "<ul id=all>");
    if random.below(4) == 0 && parts.row == "<li>{name}</li>" {
        let (name, row) = random.pick(&[
            ("row/inline-style", "<li style='display:none'>{name}</li>"),
            ("row/inline-wins", "<li style='display:block'>{name}</li>"),
            ("row/in-bold", "<li>x <b>{name}</b></li>"),
            ("row/generated", "<li data-name='{name}' class=g></li>"),
            ("row/link", "<li><a href=#>{name}</a></li>"),
            ("row/span-hidden", "<li><span hidden>{name}</span></li>"),
            ("row/span-shown", "<li><span hidden style='display:inline'>{name}</span></li>"),
        ]);
        parts.traits.push(name);
        parts.row = row;
        if name == "row/generated" {
            parts.list_head.push_str("<style>.g::after { content: '(' attr(data-name) ')' }</style>");
        }
    }
}
