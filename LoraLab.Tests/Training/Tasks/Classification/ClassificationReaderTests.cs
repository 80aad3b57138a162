using System.Diagnostics;
using System.Text;
using LoraLab.Contracts.Catalog;
using LoraLab.Contracts.Runs;
using LoraLab.Tests.Support;
using LoraLab.Training.Files.Errors;
using LoraLab.Training.Tasks.Classification;
using Xunit;

namespace LoraLab.Tests.Training.Tasks.Classification;

public sealed class DatasetReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_Sst2_HasThePublishedCounts()
    {
        ClassificationDataset data = ClassificationReader.Read("sst2", Fixtures.Sst2);

        Assert.Equal(["negative", "positive"], data.Labels);
        Assert.Equal((67349, 37569), (data.Train.Count, data.Train.Count(row => row.Label == 1)));
        Assert.Equal((428, 444), (data.Dev.Count(row => row.Label == 0), data.Dev.Count(row => row.Label == 1)));
        Assert.Equal(new LabeledRow(0, "hide new secretions from the parental units ", 0), data.Train[0]);
        Assert.Equal(new LabeledRow(1, "unflinchingly bleak and desperate ", 0), data.Dev[1]);
    }

    [Fact]
    public void Entry_OfSst2_CountsQuickly()
    {
        string folder = Fixtures.Sst2;
        Stopwatch watch = Stopwatch.StartNew();

        DatasetEntry entry = ClassificationReader.Read("sst2", folder).Entry;

        Assert.True(entry.Usable, entry.Problem);
        Assert.Equal((67349, 872), (entry.TrainRows, entry.EvalRows));
        Assert.Equal((29780, 37569), (entry.TrainLabels["negative"], entry.TrainLabels["positive"]));
        Assert.True(watch.ElapsedMilliseconds < 10000, $"it took {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    public void Read_GlueFolder_KeepsQuotesAndSpacesAndTakesCrLf()
    {
        _folder.Write("train.tsv", "sentence\tlabel\r\n\"so good \t1\r\n  bad, \"really\" \t0\r\n");
        _folder.Write("dev.tsv", "label\tsentence\n1\tfine");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal([new LabeledRow(0, "\"so good ", 1), new LabeledRow(1, "  bad, \"really\" ", 0)], data.Train);
        Assert.Equal([new LabeledRow(0, "fine", 1)], data.Dev);
        Assert.False(data.Toy);
    }

    [Fact]
    public void Read_Csv_FollowsRfc4180()
    {
        _folder.Write("dataset.json", """{"train": "a.csv", "eval": "b.csv", "sentenceColumn": "text", "labelColumn": "mood","""
            + """ "labels": ["bad", "good"], "toy": true}""");
        _folder.Write("a.csv", "id,mood,text\r\n1,good,\"He said \"\"wow\"\", twice\"\r\n2,bad,\"two\nlines\"\r\n3,good,plain \r\n");
        _folder.Write("b.csv", "﻿text,mood\nok,good\n");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal(
            [new LabeledRow(0, "He said \"wow\", twice", 1), new LabeledRow(1, "two\nlines", 0), new LabeledRow(
                2, "plain ", 1)],
            data.Train);
        Assert.Equal([new LabeledRow(0, "ok", 1)], data.Dev);
        Assert.Equal(["bad", "good"], data.Labels);
        Assert.True(data.Toy);
    }

    [Fact]
    public void Read_JsonLinesWithLabelValues_MapsRawLabels()
    {
        _folder.Write("dataset.json", """{"train": "a.jsonl", "eval": "b.jsonl", "labels": ["negative", "neutral", "positive"],"""
            + """ "labelValues": {"-1": "negative", "true": "positive", "so-so": "neutral"}}""");
        _folder.Write("a.jsonl", "{\"sentence\": \"naïve\", \"label\": -1}\n\n{\"label\": \"so-so\", \"sentence\": \"b\", \"more\": "
            + "[1]}\n{\"label\": true, \"sentence\": \"c\"}\n");
        _folder.Write("b.jsonl", "{\"sentence\": \"d\", \"label\": true}");

        ClassificationDataset data = ClassificationReader.Read("mine", _folder.Path);

        Assert.Equal([new LabeledRow(0, "naïve", 0), new LabeledRow(1, "b", 1), new LabeledRow(2, "c", 2)], data.Train);
    }

    [Theory]
    [InlineData("sentence\tlabel\ngood\t1\nlonely\n", "line 3", "no label")]
    [InlineData("sentence\tlabel\ngood\t1\nlonely\t \n", "line 3", "no label")]
    [InlineData("sentence\tlabel\ngood\t2\n", "line 2", "'2'")]
    [InlineData("sentence\tlabel\ngood\t-1\n", "line 2", "'-1'")]
    [InlineData("sentence\tlabel\ngood\t1\tmore\n", "line 2", "3 columns")]
    [InlineData("sentence\tlabel\n \t1\n", "line 2", "sentence is empty")]
    [InlineData("sentence\tlabels\ngood\t1\n", "mine/train.tsv", "no column 'label'")]
    [InlineData("sentence\tlabel\n", "mine", "is empty")]
    [InlineData("", "mine", "is empty")]
    public void Read_BrokenGlueFile_NamesFileAndLine(string train, params string[] named)
    {
        _folder.Write("train.tsv", train);
        _folder.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");

        AssertFailure("train.tsv", named);
    }

    [Theory]
    [InlineData("text,label\n\"a\"b,1\n", "line 2")]
    [InlineData("text,label\na,1\n\"b\nc\",1\nd\n", "line 5", "no label")]
    [InlineData("text,label\na,1\n\"never closed,1\n", "line 3")]
    public void Read_BrokenCsv_NamesFileAndLine(string train, params string[] named)
    {
        _folder.Write("dataset.json", """{"train": "a.csv", "eval": "b.csv", "sentenceColumn": "text"}""");
        _folder.Write("a.csv", train);
        _folder.Write("b.csv", "text,label\nok,1\n");

        AssertFailure("a.csv", named);
    }

    [Theory]
    [InlineData("{\"sentence\": \"a\"}", "line 1", "no label")]
    [InlineData("{\"sentence\": \"a\", \"label\": null}", "line 1", "no label")]
    [InlineData("{\"sentence\": 5, \"label\": 1}", "line 1", "'sentence'")]
    [InlineData("{\"sentence\": \"a\", \"label\": 1}\n{\"sentence\"", "line 2", "not valid JSON")]
    [InlineData("[1]", "line 1", "not a JSON object")]
    [InlineData("{\"sentence\": \"\\ud800\", \"label\": 1}", "line 1", "Unicode")]
    public void Read_BrokenJsonLines_NamesFileAndLine(string train, params string[] named)
    {
        _folder.Write("dataset.json", """{"train": "a.jsonl", "eval": "a.jsonl"}""");
        _folder.Write("a.jsonl", train);

        AssertFailure("a.jsonl", named);
    }

    [Theory]
    [InlineData("""{"trian": "a.csv"}""", "trian")]
    [InlineData("""{"labels": ["only"]}""", "labels")]
    [InlineData("""{"labels": ["a", "a"]}""", "twice")]
    [InlineData("""{"labelValues": {"1": "great"}}""", "great")]
    [InlineData("""{"train": "../secret.tsv"}""", "'train'")]
    [InlineData("""{"eval": "/etc/passwd"}""", "'eval'")]
    [InlineData("""{"train": "a.arrow"}""", "arrow")]
    [InlineData("""{"train": 5}""", "train")]
    [InlineData("null", "null")]
    [InlineData("{", "dataset.json")]
    public void Read_BrokenManifest_NamesTheProblem(string manifest, string named)
    {
        _folder.Write("dataset.json", manifest);

        AssertFailure("dataset.json", named);
    }

    [Fact]
    public void Read_MissingFile_NamesIt()
    {
        _folder.Write("train.tsv", "sentence\tlabel\nfine\t1\n");

        AssertFailure("dev.tsv", "no file");
    }

    [Fact]
    public void Read_BytesThatAreNotUtf8_NamesTheLine()
    {
        _folder.Write("train.tsv", [.. "sentence\tlabel\nfine\t1\n"u8, .. Encoding.Latin1.GetBytes("café\t1\n")]);
        _folder.Write("dev.tsv", "sentence\tlabel\nfine\t1\n");

        AssertFailure("train.tsv", "line 3", "UTF-8");
    }

    private void AssertFailure(string file, params string[] named)
    {
        RunFailure failure = Assert.Throws<RunFailure>(() => ClassificationReader.Read("mine", _folder.Path));

        Assert.Equal((EndReason.BadData, "dataset"), (failure.Reason, failure.Field));
        Assert.Contains(file, failure.Message);
        Assert.All(named, part => Assert.Contains(part, failure.Message));
    }
}
