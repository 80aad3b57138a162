using LoraLab.SampleMaker.Baselines;
using LoraLab.SampleMaker.Text;
using LoraLab.SampleMaker.Tokenization;

SampleData data = SampleData.Generate(1);
foreach (LabelledSentence row in data.Evaluation.Take(20)) { Console.WriteLine($"{(int)row.Label} {row.Sentence.Text}"); }
Console.WriteLine($"Bayes {BayesRule.Accuracy():P2}, on the rows {data.Evaluation.Average(row => BayesRule.PositiveProbability(row.Sentence.Form, row.Sentence.Cues) > 0.5 == (row.Label == Mood.Positive) ? 1.0 : 0):P2}");
Console.WriteLine($"train {new BagOfWords(data.Training.Take(3000).ToList()).Accuracy(data.Evaluation):P2} {new BagOfWords(data.Training).Accuracy(data.Evaluation):P2}");
ReviewCorpus corpus = new(1, data);
List<ReviewDocument> documents = [.. corpus.Documents(20000)];
Console.WriteLine(documents[0].Text); Console.WriteLine(documents[1].Text); Console.WriteLine(documents[2].Text);
foreach (int size in new[] { 253, 381, 509, 765 })
{
    BpeVocabulary v = BpeTrainer.Train(documents.Take(5000).Select(d => d.Text), size);
    byte[] model = SentencePieceModel.Write(v);
    var tok = Microsoft.ML.Tokenizers.LlamaTokenizer.Create(new MemoryStream(model));
    Console.WriteLine($"{size}: {documents.Take(1000).Average(d => tok.CountTokens(d.Text))} per doc, sentence {data.Evaluation.Average(d => tok.CountTokens(d.Sentence.Text))}; {string.Join('|', tok.EncodeToTokens("Classify the sentiment of this sentence: " + data.Evaluation[0].Sentence.Text + "\n\n.Sentiment: positive\n", out _).Select(t => t.Value))}");
    Console.WriteLine(string.Join(' ', PolarLexicon.Full.Of(Mood.Positive).Concat(PolarLexicon.Full.Of(Mood.Negative)).Select(w => tok.CountTokens(" " + w) - 2)));
}
// 5-gram
HashSet<string> grams = [];
static IEnumerable<string> Grams(string s) { string[] w = s.Split(' '); for (int i = 0; i + 5 <= w.Length; i++) { yield return string.Join(' ', w[i..(i + 5)]); } }
foreach (var r in data.Training.Take(3000)) { grams.UnionWith(Grams(r.Sentence.Text)); }
var rest = data.Training.Skip(3000).ToList();
Console.WriteLine($"long {rest.Count(r => r.Sentence.Text.Split(' ').Length >= 10)} of {rest.Count}, selectable {rest.Count(r => r.Sentence.Text.Split(' ').Length >= 10 && !Grams(r.Sentence.Text).Any(grams.Contains))}");
