import type { Config, ModelProviderConfig } from '../../platform/config.ts';
import type { ModelPort } from './model-port.ts';
import { anthropicMessages, compatibleChat, googleGenerateContent, openAiChat, openAiResponses } from './providers.ts';

export type ModelsConfig = Pick<Config['models'], 'openai' | 'anthropic' | 'google' | 'compatible'> &
  Partial<Pick<Config['models'], 'pricesFile'>>;

export interface Models {
  /**
   * The model behind `provider/name`, to be called with `name`; undefined where the provider is unknown or not
   * configured.
   */
  resolve(modelId: string): ModelPort | undefined;
  /** Why a model does not resolve and what to set; undefined where it does. */
  problem(modelId: string): string | undefined;
}

/**
 * All models that this process can call.
 * - `openai/…`: OpenAI's Responses API with `store: false`. With a base URL of another host it speaks chat completions
 *   instead, which is what servers that imitate OpenAI have; a key is then optional.
 * - `anthropic/…`: the Messages API, at any base URL.
 * - `google/…`: Gemini's `streamGenerateContent`, at any base URL.
 * - `compatible/…`: chat completions at the base URL (Ollama, vLLM, LM Studio, gateways); a key is optional.
 * - `scripted/…`: the scripts given here; they call no network.
 * - whatever else agents bring, under their own prefix: `providers`.
 *
 * A base URL without a path gets `/v1`, Google's `/v1beta`. Redirects are not followed, since they would carry keys elsewhere.
 */
export function createModels(options: {
  readonly config: ModelsConfig;
  readonly scripts?: Readonly<Record<string, ModelPort>>;
  /** By prefix. Those of this file win. */
  readonly providers?: Readonly<Record<string, ModelPort>>;
}): Models {
  const scripts = new Map(Object.entries(options.scripts ?? {}));
  const providers = new Map<string, ModelPort | undefined>([
    ...Object.entries(options.providers ?? {}),
    [
      'openai',
      configured(options.config.openai, isOpenAi(options.config.openai.baseUrl) ? openAiResponses : openAiChat),
    ],
    ['anthropic', configured(options.config.anthropic, anthropicMessages)],
    ['google', configured(options.config.google, googleGenerateContent)],
    [
      'compatible',
      options.config.compatible.baseUrl === undefined ? undefined : compatibleChat(options.config.compatible),
    ],
  ]);
  const resolve = (modelId: string): ModelPort | undefined => {
    const { provider, model } = splitModelId(modelId);
    if (model === '') return undefined;
    return provider === 'scripted' ? scripts.get(model) : providers.get(provider);
  };
  return {
    resolve,
    problem: (modelId) => (resolve(modelId) === undefined ? explain(splitModelId(modelId).provider) : undefined),
  };
}

/** Prefixes that no agent can give to a provider of its own. */
export const OWN_PREFIXES: readonly string[] = ['openai', 'anthropic', 'google', 'compatible', 'scripted'];

/** `provider/model`; a model's own name may hold slashes. */
export function splitModelId(modelId: string): { provider: string; model: string } {
  const slash = modelId.indexOf('/');
  return slash < 0
    ? { provider: modelId, model: '' }
    : { provider: modelId.slice(0, slash), model: modelId.slice(slash + 1) };
}

/**
 * The model for agents that name none: the configured one, else a current general model of the first provider with a
 * key. Undefined means: use a script. Servers at a base URL have models of their own, so they need the name.
 */
export function defaultModelId(config: Config['models']): string | undefined {
  if (config.defaultModel !== undefined) return config.defaultModel;
  if (config.openai.apiKey !== undefined && isOpenAi(config.openai.baseUrl)) return 'openai/gpt-5.1';
  if (config.anthropic.apiKey !== undefined) return 'anthropic/claude-sonnet-4-5';
  if (config.google.apiKey !== undefined) return 'google/gemini-2.5-pro';
  return undefined;
}

function explain(provider: string): string {
  switch (provider) {
    case 'openai':
      return 'Set OPENAI_API_KEY, or OPENAI_BASE_URL for a server that speaks the same API.';
    case 'anthropic':
      return 'Set ANTHROPIC_API_KEY.';
    case 'google':
      return 'Set GOOGLE_API_KEY.';
    case 'compatible':
      return 'Set OPENAI_COMPATIBLE_BASE_URL, for example http://127.0.0.1:11434/v1 for Ollama.';
    case 'scripted':
      return 'No loaded agent brings a script of this name.';
    default:
      return 'Model ids begin with openai/, anthropic/, google/, compatible/ or scripted/, or with a provider that an agent brings.';
  }
}

const configured = (
  config: ModelProviderConfig,
  create: (config: ModelProviderConfig) => ModelPort,
): ModelPort | undefined => (config.apiKey === undefined && config.baseUrl === undefined ? undefined : create(config));

const isOpenAi = (baseUrl: string | undefined): boolean =>
  baseUrl === undefined || new URL(baseUrl).hostname === 'api.openai.com';
