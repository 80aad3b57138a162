using LoraLab.Server.Experiments.Studies.Evidence;
using OxyPlot;

namespace LoraLab.Server.Experiments.Studies.Figures;

/// <summary>A figure that a study can draw.</summary>
internal interface IStudyFigure
{
    /// <summary>Fixed id and file name.</summary>
    string Id { get; }

    string Title { get; }

    /// <summary>Size in points.</summary>
    (int Width, int Height) Size { get; }

    /// <summary>What is shown and what is not.</summary>
    string Caption(StudyEvidence evidence);

    /// <summary>Why it cannot be drawn, in one sentence; null: it can.</summary>
    string? Missing(StudyEvidence evidence);

    /// <summary>The drawing; only where nothing is missing.</summary>
    PlotModel Draw(StudyEvidence evidence);
}
