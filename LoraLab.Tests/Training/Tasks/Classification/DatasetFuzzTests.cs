using System.Text;
using LoraLab.Tests.Support;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

public sealed class DatasetFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const string Tsv = "sentence\tlabel\nso good \t1\nbad , \"really\" \t0\nnaïve and long and dull \t0\nfine\t1\n";
    private const string Csv = "id,mood,text\r\n1,good,\"He said \"\"wow\"\", twice\"\r\n2,bad,\"two\nlines\"\r\n3,good,plain \r\n";
    private const string Jsonl = "{\"sentence\": \"naïve\", \"label\": -1}\n\n{\"label\": \"so-so\", \"sentence\": \"b\", \"more\": "
        + "[1]}\n{\"label\": true, \"sentence\": \"c\\n\"}\n";
    private const string CsvManifest = """{"train": "a.csv", "eval": "b.csv", "sentenceColumn": "text", "labelColumn": "mood","""
        + """ "labels": ["bad", "good"], "toy": true}""";
    private const string JsonlManifest = """{"train": "a.jsonl", "eval": "b.jsonl", "labels": ["negative", "neutral", "positive"],"""
        + """ "labelValues": {"-1": "negative", "true": "positive", "so-so": "neutral"}}""";
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_DamagedTsv_IsReadOrRefusedWithAMessage() => Damage(400_000, 2000, "train.tsv", Tsv, ("dev.tsv", Tsv));

    [Fact]
    public void Read_DamagedCsv_IsReadOrRefusedWithAMessage() =>
        Damage(500_000, 2000, "a.csv", Csv, ("b.csv", Csv), ("dataset.json", CsvManifest));

    [Fact]
    public void Read_DamagedJsonLines_IsReadOrRefusedWithAMessage() =>
        Damage(600_000, 2000, "a.jsonl", Jsonl, ("b.jsonl", Jsonl), ("dataset.json", JsonlManifest));

    [Fact]
    public void Read_DamagedManifest_IsReadOrRefusedWithAMessage()
    {
        Damage(700_000, 1000, "dataset.json", CsvManifest, ("a.csv", Csv), ("b.csv", Csv));
        Damage(800_000, 1000, "dataset.json", JsonlManifest, ("a.jsonl", Jsonl), ("b.jsonl", Jsonl));
    }

    private void Damage(int seed, int cases, string file, string text, params (string File, string Text)[] others)
    {
        foreach ((string other, string content) in others)
        {
            _folder.Write(other, content);
        }

        byte[] original = Encoding.UTF8.GetBytes(text);
        Fuzz.Run(output, seed, cases, Write, () => ClassificationReader.Read("mine", _folder.Path), "mine");

        long Write(Mutator mutator)
        {
            byte[] bytes = mutator.Corrupt(original);
            _folder.Write(file, bytes);
            return bytes.Length + text.Length;
        }
    }
}
