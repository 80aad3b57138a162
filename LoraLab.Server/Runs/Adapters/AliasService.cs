using LoraLab.Contracts.Runs;
using LoraLab.Server.Domain;
using LoraLab.Server.Infrastructure.Errors;
using LoraLab.Server.Storage;

namespace LoraLab.Server.Runs.Adapters;

/// <summary>Sets, moves and removes aliases. The runs' documents have them; an alias belongs to one run at a time.</summary>
internal sealed class AliasService(IRunStore store, AliasFile file)
{
    /// <summary>Aliases that a run may have.</summary>
    private const int Maximum = 20;

    /// <summary>All aliases.</summary>
    public AliasList List() => new(
    [
        .. store.Enumerate(RunFilter.All).Select(run => run.Document)
            .SelectMany(run => run.Aliases.Select(alias => new RunAlias(alias, run.Id, run.Name)))
            .OrderBy(alias => alias.Alias, StringComparer.Ordinal),
    ]);

    /// <summary>The run to which an alias refers.</summary>
    /// <exception cref="ApiFailure">There is no such alias.</exception>
    public RunAlias Find(string alias) => AdapterReferences.OfAlias(store, alias)?.Document is { } run
        ? new(alias, run.Id, run.Name)
        : throw NoAlias(alias);

    /// <summary>Lets an alias refer to the adapter of a run, wherever it referred before.</summary>
    /// <exception cref="ApiFailure">The alias is not valid, or the run has no adapter.</exception>
    public RunAlias Set(string alias, string runId)
    {
        if (AdapterReference.WhyNotAlias(alias) is { } wrong)
        {
            throw ApiFailure.Invalid("alias", wrong);
        }

        RunAlias set = store.Transact(StoreScope.Everything, transaction =>
        {
            if (transaction.Find(alias) is not null)
            {
                throw ApiFailure.Invalid("alias", $"'{alias}' is the ID of a run; choose another alias.");
            }

            StoredRun run = transaction.Find(runId) ?? throw ApiFailure.NoRun(runId);
            RequireAdapter(run.Document, alias);
            StoredRun? holder = AdapterReferences.OfAlias(transaction, alias);
            if (holder?.Document.Id == run.Document.Id)
            {
                return new RunAlias(alias, runId, run.Document.Name);
            }

            if (holder is not null)
            {
                Put(transaction, holder, [.. holder.Document.Aliases.Where(other => other != alias)]);
            }

            Put(transaction, run, [.. run.Document.Aliases.Append(alias).Order(StringComparer.Ordinal)]);
            return new RunAlias(alias, runId, run.Document.Name, holder?.Document.Id);
        });
        file.Write();
        return set;
    }

    /// <summary>Removes an alias; the run keeps its adapter.</summary>
    /// <exception cref="ApiFailure">There is no such alias.</exception>
    public void Remove(string alias)
    {
        store.Transact(StoreScope.Everything, transaction =>
        {
            StoredRun run = AdapterReferences.OfAlias(transaction, alias) ?? throw NoAlias(alias);
            Put(transaction, run, [.. run.Document.Aliases.Where(other => other != alias)]);
        });
        file.Write();
    }

    private static ApiFailure NoAlias(string alias) =>
        ApiFailure.NotFound("aliasNotFound", $"There is no alias '{ApiFailure.Shorten(alias)}'; GET /api/v1/aliases lists them.");

    private static void RequireAdapter(RunDocument run, string alias)
    {
        if (run.State != RunState.Completed || run.Pruned.Any(files => files.Kind == ArtifactKind.Adapter))
        {
            throw ApiFailure.Conflict(
                "noAdapter",
                $"'{alias}' cannot refer to run {run.Id}, which has no adapter ({(run.State == RunState.Completed
                    ? "it was deleted to save space" : run.State.ToString().ToLowerInvariant())}); choose a completed run.");
        }

        if (run.Aliases.Count >= Maximum && !run.Aliases.Contains(alias))
        {
            throw ApiFailure.Conflict("tooManyAliases", $"Run {run.Id} has {Maximum} aliases, the maximum; remove one of them first.");
        }
    }

    private static void Put(IStoreTransaction transaction, StoredRun run, IReadOnlyList<string> aliases)
    {
        RunDocument document = run.Document with { Aliases = aliases };
        transaction.Put(run with { Document = document });
        transaction.EmitState(document);
    }
}
