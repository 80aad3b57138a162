using System.IO.Compression;
using System.Text;
using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Server.Experiments.Studies.Claims;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Figures;
using LoraLab.Server.Experiments.Studies.Tables;

namespace LoraLab.Server.Experiments.Studies.Paper;

/// <summary><c>paper.zip</c>: the results of a study as files; the same evidence gives the same bytes.</summary>
internal static class PaperZip
{
    /// <summary>The earliest date of the zip format.</summary>
    private static readonly DateTimeOffset _time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The files of the zip with their names, in order; each is computed when it is read.</summary>
    public static IEnumerable<(string Name, byte[] Content)> Files(StudyEvidence evidence)
    {
        StudyDocument study = evidence.Study with
        {
            Claims = PaperClaims.Of(evidence),
            Tables = StudyTables.Of(evidence),
            Figures = StudyFigures.Of(evidence),
        };
        return Files(evidence, study);
    }

    /// <summary>Adds the files to a zip.</summary>
    public static async Task AddAsync(
        ZipArchive zip, IEnumerable<(string Name, byte[] Content)> files, CancellationToken cancellationToken)
    {
        foreach ((string name, byte[] content) in files)
        {
            ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.Optimal);
            entry.LastWriteTime = _time;
            await using Stream file = await entry.OpenAsync(cancellationToken);
            await file.WriteAsync(content, cancellationToken);
        }
    }

    private static IEnumerable<(string Name, byte[] Content)> Files(StudyEvidence evidence, StudyDocument study)
    {
        yield return Text("paper.tex", PaperTex.Document(study));
        yield return Text("numbers.tex", NumbersTex.Write(evidence));
        foreach (StudyTable table in study.Tables)
        {
            yield return Text($"tables/{table.Id}.tex", StudyTableTex.Write(table));
        }

        yield return Text("tables/claims.tex", PaperTex.Claims(study.Claims));
        yield return Text("data/runs.csv", PaperCsv.Runs(evidence));
        yield return Text("data/curves.csv", PaperCsv.Curves(evidence));
        yield return Text("data/predictions.csv", PaperCsv.Predictions(evidence));
        yield return Text("data/selection.csv", PaperCsv.Selection(evidence));
        yield return Text("data/claims.csv", PaperCsv.Claims(study.Claims));
        if (PartTable.Of(study.Plan).Any())
        {
            yield return Text("data/methods.csv", MethodsCsv.Write(evidence));
            yield return Text("data/pairs.csv", PairsCsv.Write(evidence));
        }

        yield return Text("study.json", JsonSerializer.Serialize(study.Plan, ContractJson.Indented));
        yield return Text("provenance.json", JsonSerializer.Serialize(Provenance.Of(evidence), ContractJson.Indented));
        foreach (IStudyFigure figure in StudyFigures.All.Where(figure => figure.Missing(evidence) is null))
        {
            yield return ($"figures/{figure.Id}.svg", FigureFile.Svg(figure, evidence));
            yield return ($"figures/{figure.Id}.pdf", FigureFile.Pdf(figure, evidence));
        }
    }

    private static (string Name, byte[] Content) Text(string name, string text) => (name, Encoding.UTF8.GetBytes(text));
}
