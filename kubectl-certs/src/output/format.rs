//! `-o`: one word, or a word and a template, as kubectl has them.

use core::str::FromStr;

use super::columns::Columns;
use super::jsonpath::Template;

#[derive(Clone, Debug, Default)]
pub enum Format {
    #[default]
    Table,
    Wide,
    Json,
    Yaml,
    Name,
    Csv,
    /// Of `list`: what `kubeadm certs check-expiration` says.
    KubeadmJson,
    /// Of `list`: metrics.
    Prometheus,
    /// Of `tree`: a flowchart.
    Mermaid,
    JsonPath(Template),
    /// What the paths find, as one JSON array.
    JsonPathAsJson(Template),
    CustomColumns(Columns),
    /// The template is in a file that must still be read.
    InFile(Kind, String),
}

/// What a file may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    JsonPath,
    CustomColumns,
}

const WORDS: &str = "table, wide, json, yaml, name, csv, jsonpath=TEMPLATE, jsonpath-file=FILE, jsonpath-as-json=TEMPLATE, \
                     custom-columns=NAME:PATH,…, custom-columns-file=FILE; of list also kubeadm-json and prometheus, of \
                     tree mermaid";

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, template) = match text.split_once('=') {
            Some((word, template)) => (word, Some(template)),
            None => (text, None),
        };
        let given = |what: &str| {
            template.filter(|template| !template.is_empty()).ok_or_else(|| format!("{word} needs {what}: {word}=…"))
        };
        Ok(match (word, template) {
            ("table", None) => Self::Table,
            ("wide", None) => Self::Wide,
            ("json", None) => Self::Json,
            ("yaml", None) => Self::Yaml,
            ("name", None) => Self::Name,
            ("csv", None) => Self::Csv,
            ("kubeadm-json", None) => Self::KubeadmJson,
            ("prometheus", None) => Self::Prometheus,
            ("mermaid", None) => Self::Mermaid,
            ("jsonpath", _) => Self::JsonPath(Template::parse(given("a template")?)?),
            ("jsonpath-as-json", _) => Self::JsonPathAsJson(Template::parse(given("a template")?)?),
            ("jsonpath-file", _) => Self::InFile(Kind::JsonPath, given("a file")?.to_owned()),
            ("custom-columns", _) => Self::CustomColumns(Columns::parse(given("columns")?)?),
            ("custom-columns-file", _) => Self::InFile(Kind::CustomColumns, given("a file")?.to_owned()),
            _ => return Err(format!("there is no such format; there are {WORDS}")),
        })
    }
}

impl Kind {
    /// The format that this text of a file stands for.
    pub fn read(self, text: &str) -> Result<Format, String> {
        match self {
            Self::JsonPath => Template::parse(text).map(Format::JsonPath),
            Self::CustomColumns => Columns::parse_file(text).map(Format::CustomColumns),
        }
    }
}

impl Format {
    /// Something that programs read: no pleasantries, and gaps stand in it.
    pub fn is_document(&self) -> bool {
        matches!(self, Self::Json | Self::Yaml)
    }
}
