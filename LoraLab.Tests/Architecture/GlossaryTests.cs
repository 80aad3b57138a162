using System.Reflection;
using System.Text.RegularExpressions;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Architecture;

/// <summary>The types in <c>docs/glossary.md</c> exist, and product code uses neither retired words nor British spelling.</summary>
public sealed partial class GlossaryTests
{
    private static readonly string[] _products =
        ["LoraLab.Contracts", "LoraLab.Files", "LoraLab.Server", "LoraLab.Training", "LoraLab.Web"];
    private static readonly string[] _extensions = [".cs", ".razor", ".css", ".js", ".html", ".torchscript", ".csproj"];
    private static readonly string[] _generated = ["bin", "obj", "node_modules", "lib"];

    [Fact]
    public void Glossary_EveryCodeName_IsATypeOfAProduct()
    {
        HashSet<string> types = [.. _products
            .SelectMany(product => Assembly.Load(product).GetTypes())
            .Select(type => type.Name.Split('`')[0])];
        string[] names = [.. File.ReadLines(Path.Combine(Fixtures.RepositoryRoot, "docs", "glossary.md"))
            .Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .SelectMany(line => CodeName().Matches(line.Split('|')[^2]))
            .Select(match => match.Groups["name"].Value)];

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains(name, types));
    }

    [Fact]
    public void ProductCode_HasNoRetiredWord()
    {
        string[] found = [.. _products.Append("LoraLab.Benchmarks")
            .SelectMany(project => Sources(Path.Combine(Fixtures.RepositoryRoot, project)))
            .SelectMany(RetiredWords)];

        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Fact]
    public void PagesAndSentences_HaveTheWordsOfTheField()
    {
        string[] found = [.. _products
            .SelectMany(project => Sources(Path.Combine(Fixtures.RepositoryRoot, project)))
            .SelectMany(file => File.ReadLines(file).SelectMany((line, index) => Unidiomatic().Matches(line)
                .Select(match => $"{Path.GetRelativePath(Fixtures.RepositoryRoot, file)}:{index + 1} has '{match.Value}'")))];

        Assert.True(found.Length == 0, string.Join('\n', found));
    }

    [Theory]
    [InlineData("at most once a second", true)]
    [InlineData("12 tokens a step", true)]
    [InlineData("tokens per second of a run", false)]
    [InlineData("Paired tests", true)]
    [InlineData("$\"{size} MB\"", true)]
    [InlineData("BudgetExceededMb, 7,200 MiB", false)]
    [InlineData("Hyperparameter importance", true)]
    [InlineData("Hyper-parameter importance", false)]
    public void UnidiomaticWord_InALine_IsFound(string line, bool expected) => Assert.Equal(expected, Unidiomatic().IsMatch(line));

    [Theory]
    [InlineData("the Pace of a run", true)]
    [InlineData("paceSeconds", true)]
    [InlineData("namespace of whiteSpace", false)]
    [InlineData("int StudyCourse()", true)]
    [InlineData("an optimistic AppendText(initializer)", false)]
    [InlineData("// unlabelled rows, optimised", true)]
    [InlineData("""[JsonPropertyName("calmSteps")]""", false)]
    [InlineData("""<c>full</c> or <c>randomised</c>""", false)]
    [InlineData("SvdAlgorithm.Randomised", true)]
    public void RetiredWord_InALine_IsFound(string line, bool expected) =>
        Assert.Equal(expected, RetiredWord().IsMatch(Serialized().Replace(line, "")));

    private static IEnumerable<string> RetiredWords(string file) => File.ReadLines(file).SelectMany((line, index) => RetiredWord()
        .Matches(Serialized().Replace(line, ""))
        .Select(match => $"{Path.GetRelativePath(Fixtures.RepositoryRoot, file)}:{index + 1} has '{match.Value}'"));

    private static IEnumerable<string> Sources(string folder) => Directory.EnumerateFiles(folder)
        .Where(file => _extensions.Contains(Path.GetExtension(file)))
        .Concat(Directory.EnumerateDirectories(folder).Where(child => !_generated.Contains(Path.GetFileName(child))).SelectMany(Sources));

    // "per", not "a"; the names of tests and buttons; sizes in powers of 1024 have their own units.
    [GeneratedRegex(
        """
        \bonce\ an?\ (second|minute|hour|day)\b
        | \b(times|tokens|steps|rows|runs|requests|points|sentences)\ an?\ (second|minute|hour|day|step|run|seed)\b
        | \bPaired\ tests\b | \bHyperparameter | \bBack\ to\ (all|the\ list) | \bper\ cent\b | \bno\ significant\ differences\b
        | (\}|\b[0-9,.]+)\ ?(KB|MB)\b
        """,
        RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Unidiomatic();

    [GeneratedRegex("`(?<name>[A-Za-z]+)`")]
    private static partial Regex CodeName();

    // JSON names and values keep their spelling.
    [GeneratedRegex("""\[JsonPropertyName\("\w+"\)\]|\brandomised\b""")]
    private static partial Regex Serialized();

    [GeneratedRegex(
        """
        \bTransients\b | way\ back | Calm(Steps|Stretch) | Forgive | Spoiled | Harden | Rehears | MetricBook | OnceForEachKey | Nuisance
        | \bEndSentences?\b | \bEndText\b | \bFailureText\b | MemoryQuestion | PatientRetryPolicy
        | (?<![A-Za-z])Pace(?-i:(?![a-z])) | (?-i:(?<=[a-z])Pace(?![a-z])) | (?-i:Course) | (?-i:\bcourses?(?![a-z]))
        | initialis | normalis | optimis(?!ti|m) | randomis | serialis
        | behaviour | catalogue | centre | colour | favour | honour | judgement | labelled | neighbour
        """,
        RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex RetiredWord();
}
