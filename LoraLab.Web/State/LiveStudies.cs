using System.Text.Json;
using LoraLab.Contracts;
using LoraLab.Contracts.Experiments.Studies;
using LoraLab.Contracts.Live;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Tasks;

namespace LoraLab.Web.State;

/// <summary>Applies live events of runs to a study. Consequences of ended runs (choices, tables, claims) come from the server.</summary>
internal static class LiveStudies
{
    /// <summary>The study after the event; null if the event is not about one of its runs.</summary>
    internal static StudyDocument? Apply(StudyDocument study, LiveEvent message)
    {
        int index = -1;
        for (int i = 0; i < study.Runs.Count && index < 0; i++)
        {
            index = study.Runs[i].RunId == message.RunId ? i : -1;
        }

        if (index < 0 || Apply(study.Runs[index], message) is not StudyRun next)
        {
            return null;
        }

        List<StudyRun> runs = [.. study.Runs];
        runs[index] = next;
        return study with { Runs = runs };
    }

    /// <summary>Whether the event ends a run, which may change tables and claims.</summary>
    internal static bool EndsARun(LiveEvent message) =>
        message.Type == LiveEventTypes.RunState && LiveRuns.Document(message)?.State.IsTerminal() != false;

    private static StudyRun? Apply(StudyRun run, LiveEvent message)
    {
        if (LiveRuns.Document(message) is RunDocument document)
        {
            return run.With(document, TaskDescriptors.Of(document.Task, document.Metric).Primary.Key);
        }

        return message.Type == LiveEventTypes.RunProgress
            && message.Data.Deserialize<RunProgress>(ContractJson.Options) is RunProgress progress
            ? run with { Step = progress.Step, TotalSteps = progress.TotalSteps }
            : null;
    }
}
