//! What a browser makes of pages, friendly and not.

use super::*;
use crate::probe::form::Control;

fn html(text: &str) -> Page {
    read(Some("text/html"), text)
}

fn shows(html: &str) -> String {
    read(Some("text/html; charset=utf-8"), html).visible
}

#[test]
fn python_objects_hide_as_unknown_tags() {
    assert_eq!(shows("[<models.Items object at 0x7f21aa>, <models.Items object at 0x7f21bb>]"), "[, ]");
    assert_eq!(shows("[<Items(name='teapot', quantity=2)>]"), "[]");
    assert_eq!(shows("[&lt;Items(name='teapot')&gt;]"), "[<Items(name='teapot')>]");
    assert_eq!(shows("teapot &amp; mug &#39;x&#39;"), "teapot & mug 'x'");
    assert_eq!(shows("[<Items teapot>, after]"), "[, after]");
    assert_eq!(shows("1 < 2 and 3 > 2"), "1 < 2 and 3 > 2");
}

#[test]
fn what_is_never_shown() {
    assert_eq!(
        shows("<html><head><title>T</title><style>x{}</style><script>var a='<b>';</script></head><body>seen</body>"),
        "seen"
    );
    assert_eq!(shows("<p hidden>no</p><div style='color:red; DISPLAY : none'>no</div>yes"), "yes");
    assert_eq!(shows("<template>no</template><noscript><b>no</b></noscript>yes<!-- no -->"), "yes");
    assert_eq!(shows("<svg><title>no</title><text>yes</text></svg>"), "yes");
    assert_eq!(shows("<p hidden>no<p>yes"), "yes");
    assert_eq!(shows("<ul><li hidden>no<li>yes</ul>"), "yes");
    assert_eq!(shows("<input type=hidden value='no'><input type=password value=no>yes"), "yes");
    assert_eq!(shows("<div hidden><b>no</div>yes"), "yes");
    assert_eq!(shows("<title>never closed"), "");
    assert_eq!(shows("<script>never closed yes"), "");
}

#[test]
fn blocks_are_lines() {
    assert_eq!(shows("<h1>Shop</h1><ul><li>teapot <b>2</b><li>mug</ul>tail<br>end"), "Shop\nteapot 2\nmug\ntail\nend");
    assert_eq!(shows("<table><tr><td>1</td><td>teapot</td></tr><tr><td>2<td>mug</table>"), "1 teapot\n2 mug");
    assert_eq!(shows("<pre>a\n  b</pre>c"), "a\n  b\nc");
    assert_eq!(shows("  many   \n  spaces "), "many spaces");
    assert_eq!(shows("<form>Name <input name=name><input type=submit value=Enter></form>"), "Name [Enter]");
}

#[test]
fn other_types() {
    assert_eq!(read(Some("text/plain"), "[<models.Items object>]\n").visible, "[<models.Items object>]");
    assert_eq!(read(Some("application/json"), "[{\"name\": \"x\"}]").visible, "[{\"name\": \"x\"}]");
    assert_eq!(read(Some("application/octet-stream"), "x").visible, "");
    assert_eq!(read(None, " <p>x").visible, "x");
    assert_eq!(read(None, "plain").visible, "plain");
}

#[test]
fn forms() {
    let page = html(
        "<form action=/search><input name=q></form>
         <form method=POST action='/add'><input type=hidden name=csrf_token value=abc>
         <input name=name required><textarea name=description>old</textarea>
         <select name=size><option value=''>choose<option value=s>small<option selected>large</select>
         <input type=checkbox name=ok checked><input name=gone disabled>
         <button name=go value=now>Enter</button></form><input name=outside>",
    );
    assert_eq!(page.forms.len(), 2);
    assert!(!page.forms[0].posts());
    let form = &page.forms[1];
    assert!(form.posts() && form.press.action.as_deref() == Some("/add"));
    assert_eq!(form.field_names(), ["csrf_token", "name", "description", "size", "ok", "go", "quantity"]);
    assert_eq!(form.fields[2].value, "old");
    let Control::Select(select) = &form.fields[3].control else { panic!("{:?}", form.fields[3]) };
    assert_eq!((select.selected.as_slice(), select.options.len()), (&["large".to_owned()][..], 3));
}

#[test]
fn what_leads_elsewhere_is_found() {
    let page = html(
        "<a href='/add'>Add</a><a name=top></a><button onclick=\"window.location.href = '/sell'\">Sell</button>
         <meta http-equiv=Refresh content=\"1.5; URL='/success'\"><script>let x = 1</script>",
    );
    assert_eq!(page.links, ["/add", "/sell"]);
    assert_eq!(page.refresh, Some((1, "/success".into())));
    assert!(!page.scripted);
    assert_eq!(read_refresh("5"), None, "the page shows itself again");
    assert_eq!(read_refresh("0;/x"), Some((0, "/x".into())));
    assert_eq!(read_refresh("ä; ä"), Some((0, "ä".into())));
}

#[test]
fn scripts_that_may_show_more_are_told_from_libraries() {
    for text in [
        "<script>fetch('/items').then(show)</script>",
        "<script>\nlocation.replace('/success')</script>",
        "<script src='/static/shop.js'></script>",
        "<body onload='load()'>",
    ] {
        assert!(html(text).scripted, "{text}");
    }
    for text in [
        "<script src='https://cdn.example.org/bootstrap.js'></script>",
        "<script>window.dataLayer = []</script>",
        "<p>Our location: Utrecht. fetch(it)!</p>",
    ] {
        assert!(!html(text).scripted, "{text}");
    }
}

#[test]
fn hostile_pages_end() {
    shows(&"<b>".repeat(300_000));
    shows(&"<p hidden>".repeat(100_000));
    shows(&"</p>".repeat(200_000));
    shows(&format!("<a {}>", "x".repeat(1_000_000)));
    html(&"<form method=post><input name=x>".repeat(30_000));
}

proptest::proptest! {
    #[test]
    fn no_page_panics(html in "(<[a-z/!]{0,8}( [a-z]{1,6}=?['\"]?)?>?|[ -~ä\n]{0,10}){0,40}") {
        shows(&html);
    }
}

fn conceals(text: &str) -> (String, String) {
    let page = html(text);
    (page.visible, page.concealed)
}

#[test]
fn what_a_style_hides_is_told_from_what_is_seen() {
    for hidden in [
        "<style>p{display:none}</style><p>x</p>",
        "<style>.a > p:not(:first-child){visibility:hidden}</style><div class=a><b></b><p>x</div>",
        "<style>@media screen{#x{font-size:0}}</style><p id=x>x",
        "<style>p{display:block}p{display:none !important}</style><p style='display:block'>x",
        "<p style='opacity:0'><b>x</b>",
        "<p style='position:absolute;left:-9999px'>x",
        "<p style='font:0/0 a'>x",
        "<p style='color:transparent'>x",
        "<div style='height:0;overflow:hidden'>x</div>",
        "<details>x</details>",
        "<details><summary></summary><p>x</details>",
        "<dialog>x</dialog>",
        "<p hidden>x",
    ] {
        assert_eq!(conceals(hidden), (String::new(), "x".into()), "{hidden}");
    }
    for seen in [
        "<style>@media print{p{display:none}}</style><p>x",
        "<style>p{display:none}#x{display:block}</style><p id=x>x",
        "<style>p{display:none}</style><p style='display:block'>x",
        "<style>q:unknown{display:none} p{display:nonsense}</style><p>x",
        "<style>div{visibility:hidden}p{visibility:visible}</style><div><p>x</div>",
        "<p style='font-size:0'><b style='font-size:12px'>x</b>",
        "<style>p:hover{display:none}</style><p>x",
        "<style media=print>p{display:none}</style><p>x",
        "<p hidden style='display:block'>x",
        "<details open>x</details>",
        "<details><summary>x</summary></details>",
        "<dialog open>x</dialog>",
    ] {
        assert_eq!(html(seen).visible, "x", "{seen}");
    }
}

#[test]
fn values_frames_and_generated_text_are_seen() {
    assert_eq!(shows("<textarea>a\nb</textarea>"), "a\nb");
    assert_eq!(shows("<input value=a><input type=number value=3><input type=number value=no>"), "a 3");
    assert_eq!(shows("<style>p::before{content:'a' attr(data-b)}</style><p data-b=b>c"), "abc");
    assert_eq!(shows("<iframe srcdoc='<p>a</p>'>no</iframe>"), "a");
    assert_eq!(shows("<p style='text-transform:uppercase'>teapot"), "TEAPOT");
    assert_eq!(shows("<object>a</object><video>no</video>"), "a");
    let page = html(
        "<iframe src=/l></iframe><iframe src=/m srcdoc=x></iframe><link rel=stylesheet href=a.css><link rel='alternate stylesheet' href=b.css>",
    );
    assert_eq!((page.frames, page.sheets), (vec!["/l".to_owned()], vec!["a.css".to_owned()]));
}

#[test]
fn templates_hold_no_forms() {
    assert!(html("<template><form method=post><input name=name></form></template>").forms.is_empty());
    let table = html("<table><form method=post><tr><td><input name=name></form></table>");
    assert_eq!(table.forms[0].fields.len(), 1, "the parser knows whose it is");
}

#[test]
fn hostile_trees_end() {
    let formatting: String = (0..20_000).map(|n| format!("<b a={n}>")).collect();
    shows(&format!("{formatting}{}", "<p>x".repeat(20_000)));
    let rules: String = (0..5_000).map(|n| format!(".a{n} .b div:nth-child({n}n+1){{display:none}}")).collect();
    shows(&format!("<style>{rules}</style>{}", "<div class=a>".repeat(20_000)));
    shows(&format!("<style>{}</style>", "a{".repeat(100_000)));
    shows(&"<table><b>".repeat(20_000));
    shows(&"<iframe srcdoc='<iframe srcdoc=x>'>".repeat(2_000));
}
