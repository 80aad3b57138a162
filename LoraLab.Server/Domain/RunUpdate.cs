using LoraLab.Contracts.Runs;

namespace LoraLab.Server.Domain;

/// <summary>The effect of worker events on a run: the new document and the new points.</summary>
/// <param name="Document">The document after the events.</param>
/// <param name="Points">Points to add.</param>
/// <param name="DocumentChanged">True when more than progress and attempt bookkeeping changed.</param>
/// <param name="SupersededAfter">Points of earlier attempts beyond this step are superseded; null: none are.</param>
internal sealed record RunUpdate(RunDocument Document, List<MetricPoint> Points, bool DocumentChanged, int? SupersededAfter = null);
