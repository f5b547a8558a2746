//! `kubectl-certs node`: the program as it runs on a node, asked over its standard input by the one that runs where the
//! operator sits. JSON lines in, JSON lines out, one operation at a time, in order.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{Node, NodeError, NodeOp, NodeReply};

/// Goes up whenever an operation or a reply changes its form.
pub const WIRE: u32 = 3;

/// A longer line than that is no request: the largest carries a plan.
const LONGEST: u64 = 64 << 20;

/// The first line that the helper says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Greeting {
    pub(super) kubectl_certs: String,
    pub(super) wire: u32,
}

impl Greeting {
    pub(super) fn own() -> Self {
        Self { kubectl_certs: env!("CARGO_PKG_VERSION").to_owned(), wire: WIRE }
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) id: u64,
    pub(super) op: NodeOp,
}

/// Holds a reply or an error. Without an id it is about a line that could not be read.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<NodeReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<NodeError>,
}

/// Serves until the input ends or nobody reads the output, after the operation that is under way. With `silence`, also
/// when not even an empty line came for so long: a node does not notice by itself that its caller was cut off, and would
/// keep the lock.
pub async fn serve(
    node: &dyn Node,
    input: impl Read + Send + 'static,
    mut output: impl Write,
    silence: Option<Duration>,
) -> io::Result<()> {
    say(&mut output, &Greeting::own())?;
    let mut lines = lines_of(input);
    loop {
        let line = match silence {
            Some(silence) => timeout(silence, lines.recv()).await.unwrap_or_default(),
            None => lines.recv().await,
        };
        let Some(line) = line else { return Ok(()) };
        if !line.trim_ascii().is_empty() {
            say(&mut output, &answer(node, &line).await)?;
        }
    }
}

async fn answer(node: &dyn Node, line: &[u8]) -> Answer {
    let Question { id, op } = match serde_json::from_slice(line) {
        Ok(question) => question,
        Err(error) => {
            let error = NodeError::refused(format!("the request is not understood: {error}"));
            return Answer { id: id_of(line), reply: None, error: Some(error) };
        }
    };
    match node.run(op).await {
        Ok(reply) => Answer { id: Some(id), reply: Some(reply), error: None },
        Err(error) => Answer { id: Some(id), reply: None, error: Some(error) },
    }
}

/// A request of another version may still tell who waits for its answer.
fn id_of(line: &[u8]) -> Option<u64> {
    serde_json::from_slice::<serde_json::Value>(line).ok()?.get("id")?.as_u64()
}

fn say(output: &mut impl Write, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

/// Read in a thread of their own: operations read and write files without pause, and a read of standard input cannot be
/// taken back when the time of silence is over.
fn lines_of(input: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (send, lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = BufReader::new(input);
        while let Some(line) = next_line(&mut input) {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

fn next_line(input: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    input.take(LONGEST).read_until(b'\n', &mut line).ok()?;
    if line.len() as u64 == LONGEST && line.last() != Some(&b'\n') {
        // The rest of it is nothing either; what is kept is answered as the broken line that it is.
        input.skip_until(b'\n').ok()?;
    }
    // A last line without its end was cut off: what it asked for may have been more.
    (line.last() == Some(&b'\n') || line.len() as u64 == LONGEST).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::super::LocalNode;
    use super::*;

    async fn said(input: &str) -> Vec<serde_json::Value> {
        let folder = tempfile::tempdir().expect("folder");
        let mut output = Vec::new();
        let node = LocalNode::new(folder.path());
        serve(&node, io::Cursor::new(input.to_owned()), &mut output, None).await.expect("served");
        let text = String::from_utf8(output).expect("UTF-8");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }

    #[tokio::test]
    async fn each_line_is_answered_whatever_is_in_it() {
        let said = said(concat!(
            r#"{"id":1,"op":"Runs"}"#,
            "\n\nnonsense\n",
            r#"{"id":2,"op":"Explode"}"#,
            "\n",
            r#"{"id":3,"op":{"Journal":{"run":"../etc"}}}"#,
            "\n",
            r#"{"id":4,"op":"Runs"}"#,
        ))
        .await;
        assert_eq!(said[0]["wire"], WIRE);
        assert_eq!(said[1], serde_json::json!({"id": 1, "reply": {"Runs": []}}));
        assert_eq!(said[2]["id"], serde_json::Value::Null);
        assert_eq!((&said[3]["id"], &said[3]["error"]["kind"]), (&2.into(), &"Refused".into()));
        assert!(said[4]["error"]["message"].as_str().is_some_and(|text| text.contains("../etc")), "{}", said[4]);
        assert_eq!(said.len(), 5, "a line that was cut off is not done");
    }

    #[tokio::test]
    async fn silence_ends_it() {
        let (input, _open) = io::pipe().expect("a pipe");
        let node = LocalNode::new("/nowhere");
        serve(&node, input, io::sink(), Some(Duration::from_millis(20))).await.expect("served");
    }
}
