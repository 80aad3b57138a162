using System.Diagnostics;
using System.Text;
using System.Text.Json;
using LoraLab.Contracts.Worker;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Training.Cli;

/// <summary>The command <c>tokenize</c>: a JSON array of texts in, a JSON array of ids out.</summary>
public sealed class TokenizeCommandTests : IDisposable
{
    private static readonly TimeSpan _timeout = TimeSpan.FromMinutes(1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tokenize_FolderWithATokenizerAlone_PrintsTheIds()
    {
        string folder = Path.GetDirectoryName(_folder.Write("models/only/tokenizer.json", File()))!;

        (int code, string output, string error) = Run("""["ab","\u00e9<s>",""]""", "--model", folder);

        Assert.Equal((ExitCodes.Success, ""), (code, error));
        Assert.Equal("[[256,97,98],[256,195,169,256],[256]]\n", output);
    }

    [Fact]
    public void Tokenize_NameUnderARootWithoutSpecial_PrintsTheIds()
    {
        _folder.Write("models/only/tokenizer.json", File());

        Assert.Equal("[[97]]\n", Run("""["a"]""", "--model", "only", "--no-special").Output);
    }

    [Fact]
    public void Tokenize_BundledModel_PrintsTheIdsOfItsTokenizerModel()
    {
        string output = Run("""["a fine film"]""", "--model", "sample").Output;

        Assert.Equal(1, JsonSerializer.Deserialize<int[][]>(output)![0][0]);
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("{}")]
    [InlineData("[\"a\"")]
    [InlineData("[null]")]
    public void Tokenize_InputThatIsNoArrayOfTexts_IsRefused(string input)
    {
        _folder.Write("models/only/tokenizer.json", File());

        (int code, string output, string error) = Run(input, "--model", "only");

        Assert.Equal((ExitCodes.Failure, ""), (code, output));
        Assert.StartsWith("Standard input must be a JSON array of texts", error, StringComparison.Ordinal);
    }

    private static string File() => HandmadeTokenizer.File(
        added: $"[{HandmadeTokenizer.Added(256, "<s>", "special")}]",
        postProcessor: """
            {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],
            "pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[256],"tokens":["<s>"]}}}
            """).ToJsonString();

    private (int Code, string Output, string Error) Run(string input, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", [Path.Combine(AppContext.BaseDirectory, "LoraLab.Training.dll"), "tokenize", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        };
        start.Environment["LORALAB_HOME"] = Fixtures.RepositoryRoot;
        start.Environment["LoraLab__DataDirectory"] = Path.Combine(_folder.Path, "data");
        start.Environment["LoraLab__ModelDirectories__0"] = Path.Combine(_folder.Path, "models");
        using Process process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(_timeout));
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}
