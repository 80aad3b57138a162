using System.Collections.Concurrent;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Runs;
using LoraLab.Server.Experiments.Studies.Claims;
using LoraLab.Server.Experiments.Studies.Evidence;
using LoraLab.Server.Experiments.Studies.Figures;
using LoraLab.Server.Experiments.Studies.Paper;
using LoraLab.Server.Experiments.Studies.Tables;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Experiments.Studies;

/// <summary>What the runs of a study say: claims, tables, figures and the paper.</summary>
internal sealed class StudyResults(EvidenceReader reader, IRunStore store)
{
    /// <summary>A page asks every few seconds, and the answer changes when a run ends: this many studies are remembered.</summary>
    private const int Remembered = 16;

    private readonly ConcurrentDictionary<string, (string Key, StudyDocument Results)> _known = new();

    /// <summary>The study with its claims, tables and figures.</summary>
    public StudyDocument Complete(StudyDocument study)
    {
        string key = Key(study);
        if (!_known.TryGetValue(study.Id, out (string Key, StudyDocument Results) known) || known.Key != key)
        {
            StudyEvidence evidence = reader.Read(study, withPredictions: false);
            known = (key, study with { Claims = PaperClaims.Of(evidence), Tables = StudyTables.Of(evidence), Figures = StudyFigures.Of(evidence) });
            if (_known.Count >= Remembered)
            {
                _known.Clear();
            }

            _known[study.Id] = known;
        }

        return study with { Claims = known.Results.Claims, Tables = known.Results.Tables, Figures = known.Results.Figures };
    }

    /// <summary>The zip with everything for a paper.</summary>
    public byte[] Paper(StudyDocument study)
    {
        StudyEvidence evidence = reader.Read(study, withPredictions: true);
        return evidence.Runs.Any(run => run.Counts)
            ? PaperZip.Write(evidence)
            : throw ApiFailure.Conflict("noFinishedRun", $"Study {study.Id} has no finished run yet, so there is nothing to print; come again when its first run has completed.");
    }

    /// <summary>A figure as SVG or PDF.</summary>
    public byte[] Figure(StudyDocument study, string id, Func<IStudyFigure, StudyEvidence, byte[]> draw)
    {
        IStudyFigure figure = StudyFigures.All.FirstOrDefault(figure => figure.Id == id)
            ?? throw ApiFailure.NotFound("figureNotFound", $"A study has no figure '{ApiFailure.Shorten(id)}'; there are {string.Join(", ", StudyFigures.All.Select(figure => figure.Id))}.");
        StudyEvidence evidence = reader.Read(study, withPredictions: false);
        return figure.Missing(evidence) is { } missing
            ? throw ApiFailure.Conflict("figureMissing", missing)
            : draw(figure, evidence);
    }

    /// <summary>Changes with everything that results depend on: runs that ended or went away, and what was chosen.</summary>
    private string Key(StudyDocument study) => string.Join(
        '|',
        [
            .. study.Runs.Select(run => $"{run.RunId} {(run.State.IsTerminal() ? run.State : RunState.Queued)} {store.Find(run.RunId) is not null}"),
            .. study.Arms.Select(arm => $"{arm.Method} {(arm.Selected is null ? "" : StudyGroup.Key(arm.Selected))} {arm.Position} {arm.Cells.Count(cell => cell.Accuracy is not null)} of {arm.Cells.Count}"),
        ]);
}
