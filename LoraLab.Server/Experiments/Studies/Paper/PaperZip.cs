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

    /// <summary>The files of the zip with their names, in order.</summary>
    public static IReadOnlyList<(string Name, byte[] Content)> Files(StudyEvidence evidence)
    {
        StudyDocument study = evidence.Study with
        {
            Claims = PaperClaims.Of(evidence),
            Tables = StudyTables.Of(evidence),
            Figures = StudyFigures.Of(evidence),
        };
        List<(string Name, byte[] Content)> files =
        [
            Text("paper.tex", PaperTex.Document(study)),
            Text("numbers.tex", NumbersTex.Write(evidence)),
            .. study.Tables.Select(table => Text($"tables/{table.Id}.tex", StudyTableTex.Write(table))),
            Text("tables/claims.tex", PaperTex.Claims(study.Claims)),
            Text("data/runs.csv", PaperCsv.Runs(evidence)),
            Text("data/curves.csv", PaperCsv.Curves(evidence)),
            Text("data/predictions.csv", PaperCsv.Predictions(evidence)),
            Text("data/selection.csv", PaperCsv.Selection(evidence)),
            Text("data/claims.csv", PaperCsv.Claims(study.Claims)),
            Text("study.json", JsonSerializer.Serialize(study.Plan, ContractJson.Indented)),
            Text("provenance.json", JsonSerializer.Serialize(Provenance.Of(evidence), ContractJson.Indented)),
        ];
        foreach (IStudyFigure figure in StudyFigures.All.Where(figure => figure.Missing(evidence) is null))
        {
            files.Add(($"figures/{figure.Id}.svg", FigureFile.Svg(figure, evidence)));
            files.Add(($"figures/{figure.Id}.pdf", FigureFile.Pdf(figure, evidence)));
        }

        return files;
    }

    public static byte[] Write(StudyEvidence evidence)
    {
        using MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in Files(evidence))
            {
                ZipArchiveEntry entry = archive.CreateEntry(name, CompressionLevel.Optimal);
                entry.LastWriteTime = _time;
                using Stream file = entry.Open();
                file.Write(content);
            }
        }

        return stream.ToArray();
    }

    private static (string Name, byte[] Content) Text(string name, string text) => (name, Encoding.UTF8.GetBytes(text));
}
