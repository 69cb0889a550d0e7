//! What a browser makes of pages, friendly and not.

use super::*;

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
    assert_eq!(shows("<p hidden>no<p>yes"), "yes");
    assert_eq!(shows("<ul><li hidden>no<li>yes</ul>"), "yes");
    assert_eq!(shows("<input value='no'><textarea>no</textarea>yes"), "yes");
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
    let page = read_html(
        "<form action=/search><input name=q></form>
         <form method=POST action='/add'><input type=hidden name=csrf_token value=abc>
         <input name=name required><textarea name=description>old</textarea>
         <select name=size><option value=''>choose<option value=s>small<option selected>large</select>
         <input type=checkbox name=ok checked><input name=gone disabled>
         <button name=go value=now>Enter</button></form><input name=outside>",
    );
    assert_eq!(page.forms.len(), 2);
    assert!(!page.forms[0].posts);
    let form = &page.forms[1];
    assert!(form.posts && form.action == "/add");
    let names: Vec<&str> = form.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["csrf_token", "name", "description", "size", "ok", "go"]);
    assert_eq!(form.fields[2].value, "old");
    assert_eq!(form.fields[3].value, "large");
    assert_eq!(form.fields[3].control, Control::Select(vec![String::new(), "s".into(), "large".into()]));
}

#[test]
fn what_leads_elsewhere_is_found() {
    let page = read_html(
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
    for html in [
        "<script>fetch('/items').then(show)</script>",
        "<script>\nlocation.replace('/success')</script>",
        "<script src='/static/shop.js'></script>",
        "<body onload='load()'>",
    ] {
        assert!(read_html(html).scripted, "{html}");
    }
    for html in [
        "<script src='https://cdn.example.org/bootstrap.js'></script>",
        "<script>window.dataLayer = []</script>",
        "<p>Our location: Utrecht. fetch(it)!</p>",
    ] {
        assert!(!read_html(html).scripted, "{html}");
    }
}

#[test]
fn hostile_pages_end() {
    shows(&"<b>".repeat(300_000));
    shows(&"<p hidden>".repeat(100_000));
    shows(&"</p>".repeat(200_000));
    shows(&format!("<a {}>", "x".repeat(1_000_000)));
    read_html(&"<form method=post><input name=x>".repeat(30_000));
}

proptest::proptest! {
    #[test]
    fn no_page_panics(html in "(<[a-z/!]{0,8}( [a-z]{1,6}=?['\"]?)?>?|[ -~ä\n]{0,10}){0,40}") {
        shows(&html);
    }
}
