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

/// <summary>Results of a study: claims, tables, figures and the paper.</summary>
internal sealed class StudyResults(EvidenceReader reader, IRunStore store)
{
    /// <summary>Number of cached studies: pages poll every few seconds, but results change only when a run ends.</summary>
    private const int MaxCached = 16;

    private readonly ConcurrentDictionary<string, (string Key, StudyDocument Results)> _cache = new();

    /// <summary>The study with its claims, tables and figures.</summary>
    public StudyDocument Complete(StudyDocument study)
    {
        string key = Key(study);
        if (!_cache.TryGetValue(study.Id, out (string Key, StudyDocument Results) cached) || cached.Key != key)
        {
            StudyEvidence evidence = reader.Read(study, withPredictions: false);
            cached = (
                key,
                study with { Claims = PaperClaims.Of(evidence), Tables = StudyTables.Of(evidence), Figures = StudyFigures.Of(evidence) });
            if (_cache.Count >= MaxCached)
            {
                _cache.Clear();
            }

            _cache[study.Id] = cached;
        }

        return study with { Claims = cached.Results.Claims, Tables = cached.Results.Tables, Figures = cached.Results.Figures };
    }

    /// <summary>The files of <c>paper.zip</c>, each computed when it is read.</summary>
    public IEnumerable<(string Name, byte[] Content)> Paper(StudyDocument study)
    {
        StudyEvidence evidence = reader.Read(study, withPredictions: true);
        return evidence.Runs.Any(run => run.Counts)
            ? PaperZip.Files(evidence)
            : throw ApiFailure.Conflict(
                "noFinishedRun",
                $"Study {study.Id} has no completed run yet, so there is nothing to export; try again when its first run has completed.");
    }

    /// <summary>A figure as SVG or PDF.</summary>
    public byte[] Figure(StudyDocument study, string id, Func<IStudyFigure, StudyEvidence, byte[]> draw)
    {
        IStudyFigure figure = StudyFigures.All.FirstOrDefault(figure => figure.Id == id)
            ?? throw ApiFailure.NotFound("figureNotFound", $"Unknown figure '{ApiFailure.Shorten(id)}'; use one of "
                + $"{string.Join(", ", StudyFigures.All.Select(figure => figure.Id))}.");
        StudyEvidence evidence = reader.Read(study, withPredictions: false);
        return figure.Missing(evidence) is { } missing
            ? throw ApiFailure.Conflict("figureMissing", missing)
            : draw(figure, evidence);
    }

    /// <summary>A cache key over everything that results depend on: ended and deleted runs, and selected cells.</summary>
    private string Key(StudyDocument study) => string.Join(
        '|',
        [
            .. study.Runs.Select(run =>
                $"{run.RunId} {(run.State.IsTerminal() ? run.State : RunState.Queued)} {store.Find(run.RunId) is not null}"),
            .. study.Arms.Select(arm => $"{arm.Method} {(arm.Selected is null ? "" : StudyGroup.Key(arm.Selected))} {arm.Position} "
                + $"{arm.Cells.Count(cell => cell.Result is not null)} of {arm.Cells.Count}"),
        ]);
}
