using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Comparison;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Figures;
using LoraLab.Server.Experiments.Studies.Paper;
using LoraLab.Tests.Support;
using Xunit;

namespace LoraLab.Tests.Server.Experiments.Studies;

/// <summary><c>paper.zip</c>: it compiles, its numbers match the predictions, and its bytes are reproducible.</summary>
public sealed class PaperZipTests
{
    private const string Hostile = "a&b_c%d$e#f{g}h~i^j\\k \"q\" `x' <|> -- [z] * \\input{/etc/passwd} \\end{document} \u0000\u001b\t\r\n "
        + "漢字 🎉 \ud800 łĦŉ «η±−×» \u2028 \u202e";

    [Fact]
    public async Task Write_FiveMethods_CompilesAndHoldsEverything()
    {
        using TemporaryFolder folder = new();
        Unzip(await ZipAsync(FiveMethods().Build()), folder.Path);

        Latex.Compile(folder.Path, "paper.tex");

        string[] files = [.. Directory.EnumerateFiles(folder.Path, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder.Path, file).Replace('\\', '/'))];
        string[] expected =
        [
            "paper.tex", "numbers.tex", "provenance.json", "study.json", "tables/protocol.tex", "tables/final.tex", "tables/claims.tex",
            "tables/hyper-parameters-lora.tex", "tables/hyper-parameters-lora-plus.tex",
            "data/runs.csv", "data/curves.csv", "data/predictions.csv", "data/selection.csv", "data/claims.csv",
            "figures/figure-1.svg", "figures/figure-1.pdf", "figures/convergence.svg", "figures/convergence.pdf",
            "figures/accuracy-cost.svg", "figures/accuracy-cost.pdf",
        ];
        Assert.All(expected, file => Assert.Contains(file, files));
    }

    [Fact]
    public async Task Write_HostileNames_Compile()
    {
        HandMadeStudy study = FiveMethods(Hostile);
        study.Name = Hostile;
        study.Plan = study.Plan with { Model = Hostile, Dataset = Hostile };
        study.Warnings = [Hostile];
        study.Run(new HandMadeRun("pissa", 99)
        {
            Settings = new JsonObject { [Hostile] = Hostile },
            State = RunState.Failed,
            EndReason = EndReason.BadData,
            Error = Hostile,
        });
        using TemporaryFolder folder = new();

        Unzip(await ZipAsync(study.Build()), folder.Path);

        Latex.Compile(folder.Path, "paper.tex");
    }

    [Fact]
    public async Task Write_LongGrid_RunsOverPages()
    {
        StudyCell[] cells = [.. Enumerable.Range(1, 120)
            .Select(i => new StudyCell(new JsonObject { ["learningRate"] = i * 1e-5 }, $"r{i}", 0.9 - (i * 0.001), 0.3, i > 100))];
        HandMadeStudy study = FiveMethods()
            .Arm("lora", "LoRA", selected: cells[0].Settings.DeepClone().AsObject(), place: GridPosition.AtEdge, cells: cells);
        using TemporaryFolder folder = new();

        Unzip(await ZipAsync(study.Build()), folder.Path);

        Assert.Contains(
            "\\begin{longtable}",
            File.ReadAllText(Path.Combine(folder.Path, "tables", "hyper-parameters-lora.tex")),
            StringComparison.Ordinal);
        Latex.Compile(folder.Path, "paper.tex");
    }

    [Fact]
    public void Escape_EveryCharacterBelowU0250AndOthers_Compiles()
    {
        IEnumerable<string> characters = Enumerable.Range(1, 0x24f).Concat([0x3b7, 0x2212, 0x4e2d, 0x1f389, 0x200d, 0x0301, 0xfeff, 0xfffe])
            .Select(char.ConvertFromUtf32);
        string rows =
            string.Concat(characters.Concat(["[x]", "*", "\\\\[1em]", "%%", "--", "---"]).Select(text => $"{TexEscape.Of(text)}x\\par\n"));
        TexLines table = new TexLines().Table("l", ["h"], [["[x]"], ["*"], [TexEscape.Of("[y")]]);
        using TemporaryFolder folder = new();
        File.WriteAllText(
            Path.Combine(folder.Path, "all.tex"),
            $"\\documentclass{{article}}\n\\usepackage{{booktabs}}\n\\begin{{document}}\n{rows}{table}\\end{{document}}\n");

        Latex.Compile(folder.Path, "all.tex");
    }

    /// <summary>Recomputes the table from the predictions and run times, independently of the server's code.</summary>
    [Fact]
    public void Write_NumbersOfTheFinalTable_AreThoseOfThePredictions()
    {
        IReadOnlyDictionary<string, string> files = PaperZip.Files(FiveMethods().Build())
            .ToDictionary(file => file.Name, file => Encoding.UTF8.GetString(file.Content));
        var predictions = Rows(files["data/predictions.csv"]).Where(row => row["stage"] == "reported")
            .GroupBy(row => (Method: row["method"], Run: row["runId"])).ToList();
        var runs = Rows(files["data/runs.csv"]).ToDictionary(row => row["runId"]);
        string[] table = [.. files["tables/final.tex"].Split('\n').Where(line => line.EndsWith("\\\\", StringComparison.Ordinal))];

        int compared = 0;
        foreach (var method in predictions.GroupBy(run => run.Key.Method))
        {
            double[] accuracy = [.. method.Select(run => 100.0 * run.Count(row => row["label"] == row["predicted"]) / run.Count())];
            double[] macroF1 = [.. method.Select(run => 50 * (F1(run, "0") + F1(run, "1")))];
            double[] seconds = [.. method.Select(run => double.Parse(runs[run.Key.Run]["trainSeconds"], CultureInfo.InvariantCulture))];
            double[] memory = [.. method.Select(run => double.Parse(runs[run.Key.Run]["peakMemoryMb"], CultureInfo.InvariantCulture))];
            string[] cells = [.. table.Single(line => line.StartsWith($"{method.Key} &", StringComparison.Ordinal))
                .Replace("\\textbf{", "", StringComparison.Ordinal).Split('&').Select(cell => cell.Trim(' ', '\\', '}'))];

            Assert.Equal(method.Count().ToString(CultureInfo.InvariantCulture), cells[1]);
            Assert.StartsWith(Print(accuracy, "0.00", "0.00"), cells[2], StringComparison.Ordinal);
            Assert.StartsWith(Print(macroF1, "0.00", "0.00"), cells[3], StringComparison.Ordinal);
            Assert.StartsWith(Print(seconds, "0.0", "0.0"), cells[4], StringComparison.Ordinal);
            Assert.StartsWith(Print(memory, "0", "0.0"), cells[5], StringComparison.Ordinal);
            string name = string.Concat(method.Key.Split('-').Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
            Assert.Contains(
                $"\\newcommand{{\\Acc{name}}}{{{accuracy.Average().ToString("0.00", CultureInfo.InvariantCulture)}}}",
                files["numbers.tex"],
                StringComparison.Ordinal);
            compared++;
        }

        Assert.Equal(5, compared);
    }

    [Fact]
    public async Task Write_Twice_GivesTheSameBytes()
    {
        byte[] first = await ZipAsync(FiveMethods().Build());
        await Task.Delay(1100);
        byte[] second = await ZipAsync(FiveMethods().Build());

        Assert.Equal(first, second);
    }

    [Fact]
    public void Figures_SvgAndPdf_AreWholeAndWithoutAClock()
    {
        StudyEvidence evidence = FiveMethods().Build();
        foreach (IStudyFigure figure in StudyFigures.All)
        {
            Assert.Null(figure.Missing(evidence));
            System.Xml.Linq.XDocument svg = System.Xml.Linq.XDocument.Parse(
                Encoding.UTF8.GetString(FigureFile.Svg(figure, evidence)), System.Xml.Linq.LoadOptions.None);
            Assert.Equal(figure.Size.Width.ToString(CultureInfo.InvariantCulture), svg.Root!.Attribute("width")!.Value);
            string pdf = Encoding.Latin1.GetString(FigureFile.Pdf(figure, evidence));
            Assert.StartsWith("%PDF-", pdf, StringComparison.Ordinal);
            Assert.Contains("/CreationDate (D:20000101", pdf, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Figure1_NothingSelected_SaysSoAndDrawsALineACell()
    {
        HandMadeStudy study = new HandMadeStudy().Arm("lora-plus", "LoRA+");
        foreach (double b in new[] { 1e-4, 2e-4, 4e-4 })
        {
            study.Cell(1e-4, b, [0.9], run => run with { Curve = [(0, 0.5), (100, 0.8), (200, 0.9), (300, 0.1)] });
        }

        study.Plan = study.Plan with { Selection = StudySelection.None };
        StudyEvidence evidence = study.Build();

        StudyFigure figure = StudyFigures.Of(evidence).Single(figure => figure.Id == "figure-1");
        string svg = Encoding.UTF8.GetString(FigureFile.Svg(StudyFigures.All[0], evidence));

        Assert.Null(figure.UnavailableReason);
        Assert.EndsWith("Curves on the reported split; no selection was performed.", figure.Caption, StringComparison.Ordinal);
        Assert.Contains("lrA = 1e-4, lrB = 4e-4 (ratio 4)", svg, StringComparison.Ordinal);
        Assert.Equal(
            "Several cells per method were reported and none was selected, so there is no curve per method.",
            StudyFigures.Of(evidence)[1].UnavailableReason);
    }

    [Fact]
    public void Figures_NothingFinished_SayWhatIsMissing() =>
        Assert.All(StudyFigures.Of(new HandMadeStudy().Arm("lora").Build()), figure => Assert.NotNull(figure.UnavailableReason));

    [Fact]
    public void Provenance_EveryRun_HasSpecFingerprintAndWhetherItCounts()
    {
        HandMadeStudy study = FiveMethods();
        study.Run(new HandMadeRun("lora", 9) { State = RunState.Failed, EndReason = EndReason.Diverged });

        JsonNode provenance = JsonNode.Parse(PaperZip.Files(study.Build()).Single(file => file.Name == "provenance.json").Content)!;

        JsonArray runs = provenance["runs"]!.AsArray();
        Assert.Equal(35, runs.Count);
        Assert.All(runs, run => Assert.Equal("w", (string?)run!["fingerprint"]!["model"]!["weightsSha256"]));
        Assert.Equal(("lora", 1L), ((string?)runs[0]!["spec"]!["method"], (long?)runs[0]!["spec"]!["seed"]));
        Assert.Equal((false, "failed (diverged)"), ((bool)runs[^1]!["counted"]!, (string?)runs[^1]!["notCounted"]));
        Assert.NotNull((string?)provenance["version"]);
    }

    [Theory]
    [InlineData("lora-plus", "LoraPlus")]
    [InlineData("stories260K", "storiesTwoSixZeroK")]
    [InlineData("x_ö", "XX")]
    public void NumbersTex_Names_AreLettersOnly(string id, string name) => Assert.Equal(name, NumbersTex.Letters(id), ignoreCase: true);

    private static HandMadeStudy FiveMethods(string? label = null)
    {
        JsonObject selected = new() { ["learningRate"] = 1e-4, ["learningRateB"] = 4e-4 };
        HandMadeStudy study = new();
        (string Method, int[] Wrong)[] methods =
        [
            ("lora", [5, 7, 6, 9, 8]),
            ("lora-swapped", [6, 7, 5, 9, 9]),
            ("lora-xs", [20, 22, 21, 25, 24]),
            ("lora-plus", [4, 5, 6, 8, 7]),
            ("pissa", [5, 6, 6, 9, 7]),
        ];
        foreach ((string method, int[] wrong) in methods)
        {
            study.Arm(method, label ?? method, selected: selected.DeepClone().AsObject(), place: GridPosition.Inside);
            foreach ((int index, int rows) in wrong.Index())
            {
                study.Run(new HandMadeRun(method, index + 1)
                {
                    Curve = [(0, 0.5), (50, 0.7 + (index * 0.01)), (100, 0.8), (200, 0.9)],
                    Wrong = rows,
                    Settings = selected.DeepClone().AsObject(),
                    LearningRateB = method == "lora-plus" ? 4e-4 : null,
                    TrainSeconds = 100 + rows + (index * 0.25),
                    PeakMemoryMb = 4000 + (rows * 3),
                    Parameters = 1126400,
                });
            }
        }

        foreach (double a in new[] { 5e-5, 1e-4, 2e-4 })
        {
            foreach (double b in new[] { 2e-4, 4e-4, 8e-4 })
            {
                study.Cell(a, b, [0.85], run => run with { Stage = StudyStage.Selection, Wrong = 15 });
            }
        }

        return study;
    }


    private static double F1(IEnumerable<Dictionary<string, string>> rows, string label)
    {
        int hit = 0;
        int either = 0;
        foreach (Dictionary<string, string> row in rows)
        {
            hit += row["label"] == label && row["predicted"] == label ? 1 : 0;
            either += (row["label"] == label ? 1 : 0) + (row["predicted"] == label ? 1 : 0);
        }

        return 2.0 * hit / either;
    }

    private static string Print(double[] values, string format, string spread)
    {
        double mean = values.Sum() / values.Length;
        double variance = values.Select(value => Math.Pow(value - mean, 2)).Sum() / (values.Length - 1);
        return $"{mean.ToString(format, CultureInfo.InvariantCulture)} $\\pm$ "
            + $"{Math.Sqrt(variance).ToString(spread, CultureInfo.InvariantCulture)}";
    }

    private static List<Dictionary<string, string>> Rows(string csv)
    {
        string[] lines = csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] head = lines[0].Split(',');
        return [.. lines.Skip(1).Select(line => System.Text.RegularExpressions.Regex.Matches(line, "(?:^|,)(?:\"([^\"]*)\"|([^,]*))")
            .Select((cell, i) => (head[i], cell.Groups[1].Success ? cell.Groups[1].Value : cell.Groups[2].Value)).ToDictionary())];
    }

    private static async Task<byte[]> ZipAsync(StudyEvidence evidence)
    {
        using MemoryStream stream = new();
        await using (ZipArchive zip = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            await PaperZip.AddAsync(zip, PaperZip.Files(evidence), CancellationToken.None);
        }

        return stream.ToArray();
    }

    private static void Unzip(byte[] zip, string folder)
    {
        using ZipArchive archive = new(new MemoryStream(zip));
        archive.ExtractToDirectory(folder);
    }
}
