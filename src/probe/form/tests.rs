//! Forms as visitors fill them in, and as browsers send them.

use super::*;
use crate::probe::page;

fn item() -> Item {
    Item { marker: "teapotix".into(), quantity: 42, description: "blue enamel".into() }
}

fn form(html: &str) -> Form {
    choose(&page::read(Some("text/html"), html).forms).unwrap().clone()
}

fn sent(html: &str) -> Submission {
    match form(html).submit(&item()) {
        Attempt::Sent(submission) => submission,
        Attempt::Refused(why) => panic!("{why}: {html}"),
    }
}

fn filled(html: &str) -> Vec<(String, String)> {
    sent(html).entries
}

/// Why a form with these parts between its tags, and a button, is not sent.
fn refused(fields: &str) -> String {
    match form(&format!("<form method=post>{fields}<button>Enter</button></form>")).submit(&item()) {
        Attempt::Refused(why) => why,
        Attempt::Sent(submission) => panic!("{fields} was sent: {submission:?}"),
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[test]
fn the_shops_form() {
    let sent = filled(
        "<form method='POST' action='/'><input id='csrf_token' name='csrf_token' type='hidden' value='IjA.x'>
         <input name='name' type='text' value=''><input name='quantity' type='text'>
         <input name='description' type='text'><input name='submit' type='submit' value='Enter'></form>",
    );
    assert_eq!(
        sent,
        pairs(&[
            ("csrf_token", "IjA.x"),
            ("name", "teapotix"),
            ("quantity", "42"),
            ("description", "blue enamel"),
            ("submit", "Enter")
        ])
    );
}

#[test]
fn unknown_fields_get_sensible_values() {
    let sent = filled(
        "<form method=post><input name=item_name><input type=number name=n max=10><input type=email name=mail>
         <select name=size><option value=''>-<option>small</select><input type=checkbox name=terms required>
         <input type=checkbox name=news><input type=radio name=r value=a><input type=radio name=r value=b checked>
         <input type=date name=d><input type=submit name=one value=1><input type=submit name=two value=2></form>",
    );
    assert_eq!(
        sent,
        pairs(&[
            ("item_name", "teapotix"),
            ("n", "10"),
            ("mail", "visitor@example.org"),
            ("size", "small"),
            ("terms", "on"),
            ("r", "b"),
            ("d", "2026-01-31"),
            ("one", "1")
        ])
    );
}

#[test]
fn the_form_with_a_name_is_chosen() {
    let two = form(
        "<form method=post action=/newsletter><input name=mail></form><form method=post action=/add><input name=name></form>",
    );
    assert_eq!(two.press.action.as_deref(), Some("/add"));
    assert_eq!(choose(&[]), None);
}

#[test]
fn a_form_that_does_not_post_counts_when_it_asks_for_all_three() {
    let page = |html| page::read(Some("text/html"), html);
    let search = page("<form><input name=q></form>");
    assert_eq!((choose(&search.forms), choose_whole(&search.forms)), (None, None));
    let both = page(
        "<form method=post action=/in><input name=name><input type=password name=pw></form>
         <form action=/add><input name=item><input name=qty><textarea name=text></textarea></form>",
    );
    assert_eq!(choose_whole(&both.forms).unwrap().press.action.as_deref(), Some("/add"));
}

#[test]
fn other_names_are_told_beside_what_they_stand_for() {
    let form = form("<form method=post><input name=item><input name=qty><input name=description></form>");
    assert_eq!(form.field_names(), ["item", "qty", "description", "name", "quantity"]);
    let sent = form.fill(&item());
    assert_eq!(sent, pairs(&[("item", "teapotix"), ("qty", "42"), ("description", "blue enamel")]));
    let values = form.by_name(&sent);
    assert_eq!(
        (values["name"].as_str(), values["quantity"].as_str(), values["qty"].as_str()),
        ("teapotix", "42", "42")
    );
}

#[test]
fn a_button_says_how_the_form_is_sent() {
    let sent = sent(
        "<form action=/nowhere enctype=text/plain><input name=name><input name=quantity><input name=description>
         <button type=reset name=clear>Clear</button><button name=b value=1 disabled>Enter</button>
         <button formaction=/ formmethod=post formenctype=multipart/form-data name=go value=now>Enter</button></form>",
    );
    assert!(sent.posts);
    assert_eq!((sent.action.as_str(), sent.enctype), ("/", Enctype::Multipart));
    assert_eq!(sent.entries.last(), pairs(&[("go", "now")]).last());
    assert!(!form("<form method=post><input name=name><input name=quantity><input name=description><button formmethod=get>x</button></form>").posts());
}

#[test]
fn a_visitor_presses_the_button_that_sells() {
    let pressed =
        |buttons: &str| filled(&format!("<form method=post><input name=name>{buttons}</form>")).pop().unwrap();
    assert_eq!(pressed("<button name=a>Cancel</button><button name=b>Sell</button>").0, "b");
    assert_eq!(pressed("<button name=a>Cancel</button>").0, "a");
    assert_eq!(pressed("<button name=a hidden>Sell</button><input type=submit name=b>").0, "b");
    assert_eq!(pressed("<input type=image name=a>"), ("a.y".into(), "1".into()));
}

#[test]
fn the_enter_key_sends_what_has_no_button_only_from_a_single_line() {
    let one = "<form method=post><input name=name>";
    assert_eq!(filled(one), pairs(&[("name", "teapotix")]));
    assert_eq!(filled(&format!("{one}<button style='display:none' name=b>x</button>")).len(), 2);
    let nothing = |html: &str| matches!(form(html).submit(&item()), Attempt::Refused(_));
    assert!(nothing(&format!("{one}<input name=quantity>")));
    assert!(nothing(&format!("{one}<button type=button>Enter</button><input name=quantity>")));
    assert!(nothing(&format!("{one}<button disabled>Enter</button>")));
    assert!(nothing("<form method=post><textarea name=name></textarea>"));
}

#[test]
fn what_takes_part() {
    let sent = filled(
        "<input form=f name=outside value=1><form method=post id=f><fieldset disabled><legend><input name=in_legend type=hidden value=2></legend>
         <input name=off></fieldset><input name=name><input name=gone disabled><datalist><input name=listed></datalist>
         <input name=elsewhere form=other><select name=many multiple><option selected>a<option>b<option selected>c</select>
         <input type=file name=photo><input type=hidden name=_charset_><input name=fixed value=3 readonly>
         <textarea name=note>\n\nx\ny</textarea><button>Enter</button></form>",
    );
    assert_eq!(
        sent,
        pairs(&[
            ("outside", "1"),
            ("in_legend", "2"),
            ("name", "teapotix"),
            ("listed", ""),
            ("many", "a"),
            ("many", "c"),
            ("photo", ""),
            ("_charset_", "UTF-8"),
            ("fixed", "3"),
            ("note", "blue enamel")
        ])
    );
}

#[test]
fn what_a_browser_refuses_is_not_sent() {
    for (fields, why) in [
        ("<input name=name pattern='[0-9]+'>", "pattern"),
        ("<input name=name><input name=x required readonly><input required style='display:none'>", "required"),
        ("<input name=name type=email>", "e-mail"),
        ("<input name=name minlength=30>", "30 letters"),
        ("<input name=name><input name=quantity type=number min=1000>", "1000 at least"),
        ("<input name=name><select name=s required><option value=''>-</select>", "required"),
        ("<input name=name><input type=file name=photo required>", "required"),
    ] {
        assert!(refused(fields).contains(why), "{fields}: {}", refused(fields));
    }
    for sent in [
        "<input name=name pattern='[A-Z][a-z]+'>",
        "<input name=name pattern='[0-9]+' disabled><input name=description>",
        "<input name=name><input name=quantity type=number step=5>",
    ] {
        let form = form(&format!("<form method=post>{sent}<button>Enter</button></form>"));
        assert!(matches!(form.submit(&form.fit(&item())), Attempt::Sent(_)), "{sent}");
    }
    assert!(!filled("<form method=post novalidate><input name=name pattern='[0-9]+'><button>x</button>").is_empty());
    assert!(
        !filled("<form method=post><input name=name pattern='[0-9]+'><button formnovalidate>x</button>").is_empty()
    );
}

#[test]
fn a_name_fits_its_field() {
    let fitted = |most: usize| {
        let form = form(&format!("<form method=post><input name=name maxlength={most}><button>x</button></form>"));
        let item = form.fit(&item());
        (form.fill(&item)[0].1.clone(), item.marker)
    };
    assert_eq!(fitted(7), ("teapoti".into(), "teapoti".into()));
    assert_eq!(fitted(3), ("tea".into(), "teapotix".into()), "a word does not fit: the browser cuts it");
}

#[test]
fn scripts_that_keep_it_back() {
    let kept = |form: &str| {
        matches!(self::form(&format!("{form}<input name=name><button>x</button>")).submit(&item()), Attempt::Refused(_))
    };
    assert!(kept("<form method=post onsubmit='return false;'>"));
    assert!(kept("<form method=dialog><input name=quantity><input name=description>"));
    assert!(!kept("<form method=post onsubmit=\"return confirm('Sure?')\">"));
}
