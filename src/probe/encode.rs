//! How what is entered in a form is written.

use super::form::{Enctype, Submission};

/// What is sent in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    /// As what.
    pub(crate) content_type: String,
    /// Itself.
    pub(crate) text: String,
}

/// Between the parts of a form that is sent in parts; no word that is entered holds it.
const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW2";

/// The body of a form that is posted.
pub(crate) fn body(submission: &Submission) -> Body {
    let entries = &submission.entries;
    match submission.enctype {
        Enctype::UrlEncoded => {
            Body { content_type: "application/x-www-form-urlencoded".into(), text: url_encoded(entries) }
        }
        Enctype::Plain => Body {
            content_type: "text/plain".into(),
            text: entries.iter().map(|(name, value)| format!("{name}={value}\r\n")).collect(),
        },
        Enctype::Multipart => {
            let quoted = |name: &str| name.replace('\r', "%0D").replace('\n', "%0A").replace('"', "%22");
            let part = |(name, value): &(String, String)| {
                format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n", quoted(name))
            };
            let parts: String = entries.iter().map(part).collect();
            Body {
                content_type: format!("multipart/form-data; boundary={BOUNDARY}"),
                text: format!("{parts}--{BOUNDARY}--\r\n"),
            }
        }
    }
}

/// `application/x-www-form-urlencoded`
pub(crate) fn url_encoded(fields: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(enctype: Enctype) -> Body {
        let entries = [("a b", "1+1=2"), ("ä", "~*-._")].map(|(name, value)| (name.into(), value.into())).to_vec();
        body(&Submission { entries, posts: true, action: String::new(), enctype })
    }

    #[test]
    fn three_ways() {
        assert_eq!(sent(Enctype::UrlEncoded).text, "a+b=1%2B1%3D2&%C3%A4=%7E*-._");
        assert_eq!(sent(Enctype::Plain).text, "a b=1+1=2\r\nä=~*-._\r\n");
        let parts = sent(Enctype::Multipart);
        assert!(parts.content_type.ends_with(BOUNDARY));
        assert!(parts.text.contains("name=\"a b\"\r\n\r\n1+1=2\r\n--"), "{}", parts.text);
        assert!(parts.text.ends_with("--\r\n"));
    }
}
