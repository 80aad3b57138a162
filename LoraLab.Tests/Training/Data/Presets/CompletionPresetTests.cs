using LoraLab.Tests.Support;
using LoraLab.Training.Data;
using LoraLab.Training.Tasks.Completion;
using Xunit;

namespace LoraLab.Tests.Training.Data.Presets;

/// <summary>Published instructions and conversations in the layouts in which they are published.</summary>
public sealed class CompletionPresetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Read_Gsm8k_AsJsonLinesAndAsParquet()
    {
        _folder.Write("train.jsonl", """{"question": "1 + 1?", "answer": "It is <<1+1=2>>2.\n#### 2"}""" + "\n");
        _folder.Write("test.jsonl", """{"question": "2 + 2?", "answer": "#### 4"}""" + "\n");
        CompletionDataset lines = Read("gsm8k");
        System.IO.File.Delete(Path.Combine(_folder.Path, "train.jsonl"));
        byte[] file = ParquetFile.Of(("question", new[] { "2 + 2?" }), ("answer", new[] { "#### 4" }));
        _folder.Write("main/train-00000-of-00001.parquet", file);
        _folder.Write("main/test-00000-of-00001.parquet", file);
        CompletionDataset parquet = Read("gsm8k");

        Assert.Equal(["1 + 1?", "It is <<1+1=2>>2.\n#### 2"], Assert.Single(lines.Train).Texts);
        Assert.Equal(["2 + 2?", "#### 4"], Assert.Single(lines.Dev).Texts);
        Assert.Equal(["2 + 2?", "#### 4"], Assert.Single(parquet.Dev).Texts);
        Assert.Equal("Question: {prompt}\nAnswer: {completion}", parquet.DefaultPrompt);
        Assert.Equal(lines.Entry.Columns, parquet.Entry.Columns);
    }

    [Fact]
    public void Read_Alpaca_AsJsonArrayAndAsParquet_WithoutEmptyOutputs()
    {
        _folder.Write("alpaca_data.json", """
            [
                {
                    "instruction": "Name a color.",
                    "input": "",
                    "output": "Red."
                },
                {
                    "instruction": "Say nothing.",
                    "input": "",
                    "output": ""
                },
                {
                    "instruction": "Translate.",
                    "input": "rouge",
                    "output": "red"
                }
            ]
            """);
        CompletionDataset json = Read("alpaca");
        System.IO.File.Delete(Path.Combine(_folder.Path, "alpaca_data.json"));
        _folder.Write("data/train-00000-of-00001-a09b74b3ef9c3b56.parquet", ParquetFile.Of(
            ("instruction", new[] { "Name a color.", "Translate." }),
            ("input", new[] { "", "rouge" }),
            ("output", new[] { "Red.", "red" }),
            ("text", new[] { "", "" })));
        CompletionDataset parquet = Read("alpaca");

        string[][] expected = [["Name a color.", "", "Red."], ["Translate.", "rouge", "red"]];
        Assert.Equal(expected, json.Train.Select(row => row.Texts));
        Assert.Equal(expected, parquet.Train.Select(row => row.Texts));
        Assert.Equal(0, json.Entry.EvalRows);
        Assert.StartsWith(
            "1 broken row of mine/alpaca_data.json is left out: line 7: ", Assert.Single(json.Warnings), StringComparison.Ordinal);
        Assert.Equal("alpaca", json.DefaultPrompt);
    }

    [Fact]
    public void Read_Dolly_HasItsContextAsInput()
    {
        _folder.Write(
            "databricks-dolly-15k.jsonl",
            """{"instruction": "When?", "context": "In 2000.", "response": "2000", "category": "closed_qa"}""" + "\n"
                + """{"instruction": "Why?", "context": "", "response": "So.", "category": "open_qa"}""" + "\n");

        CompletionDataset data = Read("dolly");

        Assert.Equal(["instruction", "input", "output"], data.Entry.Columns);
        Assert.Equal([["When?", "In 2000.", "2000"], ["Why?", "", "So."]], data.Train.Select(row => row.Texts));
        Assert.Empty(data.Dev);
    }

    [Theory]
    [InlineData("")]
    [InlineData("data/")]
    public void Read_Chat_HasConversationsOfAllParts(string below)
    {
        (string, string)[] first = [("user", "Hi"), ("assistant", "Hello, \"you\"")];
        (string, string)[] second = [("system", "Be brief."), ("user", "Why?"), ("assistant", "So."), ("user", "Oh"), ("assistant", "Yes")];
        _folder.Write($"{below}train_sft-00000-of-00002-a3ecf92756993583.parquet", File(first, []));
        _folder.Write($"{below}train_sft-00001-of-00002-0a1804bcb6ae68c6.parquet", File(second));
        _folder.Write($"{below}train_gen-00000-of-00001.parquet", "not read");
        CompletionDataset alone = Read("chat");
        _folder.Write($"{below}test_sft-00000-of-00001-f7dfac4afe5b93f4.parquet", File(first));
        CompletionDataset data = Read("chat");

        Assert.Equal([2, 5], data.Train.Select(row => row.Conversation!.Messages.Count));
        Assert.Equal("Hello, \"you\"", data.Train[0].Conversation!.Messages[1].Content);
        Assert.Equal("Be brief.", data.Train[1].Conversation!.Messages[0].Content);
        Assert.Equal((2, 0), (alone.Entry.TrainRows, alone.Entry.EvalRows));
        Assert.Single(data.Dev);
        Assert.StartsWith(
            $"1 broken row of mine/{below}train_sft-*.parquet is left out: row 2: ",
            Assert.Single(data.Warnings),
            StringComparison.Ordinal);
    }

    private static byte[] File(params (string Role, string Content)[][] messages) => ParquetFile.Of(
        ("prompt", messages.Select(_ => "asked").ToArray()),
        ("messages", messages),
        ("prompt_id", messages.Select(_ => "0f").ToArray()));

    private CompletionDataset Read(string preset)
    {
        _folder.Write("dataset.json", $$"""{"preset": "{{preset}}"}""");
        return CompletionReader.Read("mine", _folder.Path, DatasetManifest.Load("mine", _folder.Path));
    }
}
