using System.Runtime.ExceptionServices;
using System.Text.Json.Nodes;
using LoraLab.Contracts.Runs;
using LoraLab.Contracts.Worker;
using LoraLab.Training.Errors;
using LoraLab.Training.Resume;
using LoraLab.Training.Specs;
using LoraLab.Training.Torch;
using LoraLab.Training.Worker;

namespace LoraLab.Training.Engine;

/// <summary>Executes attempts from their specification to their last event, one run alone or several together.</summary>
public sealed class RunExecution(SpecValidator validator, RunPreparation preparation)
{
    /// <summary>Runs and returns why it ended, or null when it was left unfinished.</summary>
    /// <param name="specJson">The specification.</param>
    /// <param name="recorder">Hears everything.</param>
    /// <param name="stop">Stops the run as soon as possible.</param>
    /// <param name="resume">Go on from the run directory's last whole checkpoint, where there is one.</param>
    public EndReason? Execute(JsonNode? specJson, RunRecorder recorder, StopSignal stop, bool resume = false)
    {
        ActiveAttempt attempt = new(recorder, stop);
        recorder.Started();
        return attempt.End(attempt.Try(() => Alone(attempt, Complete(specJson), resume)) ?? RunEnd.Finished);
    }

    /// <summary>
    /// Trains several runs over one set of frozen products, each mathematically what it is alone; returns why each ended, in their
    /// order. Out of memory ends them all: they can go on alone from their checkpoints.
    /// </summary>
    /// <param name="members">Specifications that <see cref="GangRules"/> lets train together, and who hears of them.</param>
    public IReadOnlyList<EndReason?> ExecuteTogether(IReadOnlyList<(JsonNode? Spec, RunRecorder Recorder, StopSignal Stop)> members)
    {
        ActiveAttempt[] attempts = [.. members.Select(member => new ActiveAttempt(member.Recorder, member.Stop))];
        foreach (ActiveAttempt attempt in attempts)
        {
            attempt.Recorder.Started();
        }

        Dictionary<ActiveAttempt, EndReason?> ended = [];
        RunEnd? all = attempts[0].Try(() => Together(attempts, [.. members.Select(member => Complete(member.Spec))], ended));
        foreach (ActiveAttempt attempt in attempts.Where(attempt => !ended.ContainsKey(attempt)))
        {
            ended[attempt] = attempt.End(all ?? RunEnd.Finished);
        }

        return [.. attempts.Select(attempt => ended[attempt])];
    }

    private RunSpec Complete(JsonNode? specJson)
    {
        SpecValidation validation = validator.Validate(specJson);
        return validation.Spec
            ?? throw RunFailure.BadData(string.Join(" ", validation.Errors.Select(problem => problem.Message)), validation.Errors[0].Field);
    }

    private void Alone(ActiveAttempt attempt, RunSpec spec, bool resume)
    {
        Announce(attempt, spec);
        using SavedState? saved = resume ? attempt.Latest(spec) : null;
        RunSpec used = saved?.State.Spec ?? spec;
        RunData rows = preparation.Read(used);
        BudgetGate? gate = used.MemoryBudgetMb is null ? null : new(new MemoryOutlook(used, rows));
        gate?.RequireEstimate();
        Task<ModelFingerprint> hashing = preparation.HashModelAsync(used);
        using PreparedRun run = preparation.Prepare(used, attempt.Stop.Token, saved, rows, () => attempt.Recorder.Moving("loading", 0, 0));
        using TrainingEngine engine = new(run);
        using TrainingRun training = attempt.Open(run, spec, hashing.GetAwaiter().GetResult(), saved, engine: engine, gate: gate);
        Exception? problem = null;
        engine.Train([training], _ => attempt.Save(), (_, why) => problem = why);
        if (problem is not null)
        {
            ExceptionDispatchInfo.Throw(problem);
        }

        attempt.Finish();
    }

    private void Together(ActiveAttempt[] attempts, RunSpec[] specs, Dictionary<ActiveAttempt, EndReason?> ended)
    {
        GangRules.Require(specs);
        foreach ((ActiveAttempt attempt, RunSpec spec) in attempts.Zip(specs))
        {
            Announce(attempt, spec);
        }

        Task<ModelFingerprint> hashing = preparation.HashModelAsync(specs[0]);
        using PreparedRun first = preparation.Prepare(specs[0], CancellationToken.None);
        using Disposables owned = new();
        Dictionary<TrainingRun, ActiveAttempt> byRun = [];
        for (int i = 0; i < attempts.Length; i++)
        {
            PreparedRun run = i == 0 ? first : owned.Add(preparation.PrepareMember(first, specs[i], CancellationToken.None));
            byRun.Add(owned.Add(attempts[i].Open(run, specs[i], hashing.GetAwaiter().GetResult(), gangSize: attempts.Length)), attempts[i]);
        }

        using TrainingEngine engine = new(first);
        engine.Train([.. byRun.Keys], run => byRun[run].Save(), (run, problem) =>
        {
            ActiveAttempt attempt = byRun[run];
            RunEnd? end = attempt.Try(() =>
            {
                if (problem is not null)
                {
                    ExceptionDispatchInfo.Throw(problem);
                }

                attempt.Finish();
            });
            ended[attempt] = attempt.End(end ?? RunEnd.Finished);
        });
    }

    private static void Announce(ActiveAttempt attempt, RunSpec spec)
    {
        attempt.Recorder.Phase("loading", 0, 0);
        attempt.Recorder.Log($"loading model '{spec.Model}' and data set '{spec.Dataset}'");
        TorchRuntime.EnsureLoaded();
    }
}
